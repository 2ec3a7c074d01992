from . import account_move_line
from . import crm_lifecycle_profile
from . import crm_lifecycle_profile_timeline
from . import crm_lifecycle_purchase_channel_sale
from . import crm_lifecycle_source_contact
from . import crm_lifecycle_source_sale
from . import sale_order
from . import sale_order_line
