from . import crm_lifecycle_customer_report
from . import crm_lifecycle_purchase_report
