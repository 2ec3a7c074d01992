from . import base_partner_merge
from . import crm_lifecycle_preview
from . import crm_lifecycle_profile_selection
from . import crm_lifecycle_profile_assign
from . import crm_lifecycle_profile_call
from . import crm_lifecycle_profile_move
from . import crm_lifecycle_profile_pin
from . import crm_lifecycle_start
