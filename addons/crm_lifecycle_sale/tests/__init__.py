from . import test_confirm
from . import test_decision
from . import test_health
from . import test_hooks
from . import test_order_facts
from . import test_overview
from . import test_purchases
from . import test_thresholds
