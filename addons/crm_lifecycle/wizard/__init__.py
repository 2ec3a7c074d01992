from . import base_partner_merge
from . import crm_lifecycle_import
from . import crm_lifecycle_preview
from . import crm_lifecycle_profile_move
from . import crm_lifecycle_start
from . import crm_lifecycle_test
from . import crm_lifecycle_transfer
