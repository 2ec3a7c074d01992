from . import test_purchase_access
from . import test_purchase_month
from . import test_purchase_report
