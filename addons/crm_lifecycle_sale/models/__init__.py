from . import account_move
from . import crm_lifecycle_profile
from . import crm_lifecycle_profile_timeline
from . import crm_lifecycle_source_contact
from . import crm_lifecycle_source_sale
from . import crm_lifecycle_profile_mixin
from . import sale_order
