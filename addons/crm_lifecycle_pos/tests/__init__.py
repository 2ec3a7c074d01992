from . import test_close
from . import test_invoices
from . import test_pos_purchases
from . import test_pos_returns
from . import test_till_tour
from . import test_timeline
