from . import crm_lifecycle_period
from . import crm_lifecycle_paper
from . import crm_lifecycle_period_report
