from . import crm_lifecycle_profile
from . import res_company
from . import res_config_settings
from . import res_partner
