from . import crm_loyalty_card_wizard
from . import crm_loyalty_bonus_grant
from . import crm_loyalty_tier_preview
from . import base_partner_merge
from . import loyalty_card_update_balance
from . import loyalty_generate_wizard
from . import crm_loyalty_reinstatement
