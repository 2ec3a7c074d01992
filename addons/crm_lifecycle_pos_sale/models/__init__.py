from . import account_move
from . import crm_lifecycle_purchase_channel_pos
from . import crm_lifecycle_purchase_channel_sale
