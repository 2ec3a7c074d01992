from . import account_move
from . import crm_lifecycle_profile
from . import crm_lifecycle_purchase
from . import crm_lifecycle_purchase_channel_pos
from . import crm_lifecycle_source_contact
from . import pos_order
from . import pos_order_line
