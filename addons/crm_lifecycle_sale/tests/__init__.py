from . import test_confirm
from . import test_order_facts
