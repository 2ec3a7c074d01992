from . import crm_lifecycle_mailing
from . import crm_lifecycle_profile
from . import ir_actions_report
