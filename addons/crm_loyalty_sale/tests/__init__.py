from . import test_availability
from . import test_orders
from . import test_property
from . import test_returns
