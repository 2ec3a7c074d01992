from . import test_order_tier
from . import test_availability
from . import test_orders
from . import test_payment_base
from . import test_complaints
from . import test_property
from . import test_returns
