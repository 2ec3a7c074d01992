from . import base_partner_merge
from . import crm_lifecycle_compare
from . import crm_lifecycle_preview
from . import crm_lifecycle_profile_move
from . import crm_lifecycle_start
