from . import account_move
from . import loyalty_point_entry
from . import sale_order
from . import sale_order_line
from . import sale_order_return
from . import loyalty_bonus_rule
from . import loyalty_point_entry_tier
from . import sale_order_tier
