from . import test_settled_orders
