from . import base_partner_merge
from . import crm_lifecycle_preview
from . import crm_lifecycle_profile_move
from . import crm_lifecycle_profile_move_many
from . import crm_lifecycle_start
