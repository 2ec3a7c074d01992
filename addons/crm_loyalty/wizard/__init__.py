from . import loyalty_bonus_grant
from . import loyalty_tier_preview
