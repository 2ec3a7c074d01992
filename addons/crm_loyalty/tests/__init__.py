from . import test_bonus
from . import test_points_report
from . import test_portal
from . import test_tier
from . import test_tier_periods
from . import test_ledger
