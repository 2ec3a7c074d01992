from . import crm_lifecycle_profile
from . import crm_lifecycle_purchase
from . import crm_lifecycle_purchase_month
from . import crm_lifecycle_purchase_month_pending
from . import crm_lifecycle_run
from . import res_company
