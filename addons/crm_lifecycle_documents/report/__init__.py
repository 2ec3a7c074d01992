from . import crm_lifecycle_period
from . import crm_lifecycle_print_mixin
from . import crm_lifecycle_customer_report
from . import crm_lifecycle_period_report
