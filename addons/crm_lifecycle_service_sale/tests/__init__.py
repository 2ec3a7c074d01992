from . import test_order_tickets
