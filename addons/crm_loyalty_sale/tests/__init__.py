from . import test_order_tier
