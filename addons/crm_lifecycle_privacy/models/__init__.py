from . import crm_lifecycle_erasure
from . import crm_lifecycle_personal_data
from . import res_company
from . import res_config_settings
