from . import test_decision
from . import test_access
from . import test_health
from . import test_invoice_facts
from . import test_posting
from . import test_purchases
from . import test_recomputation
from . import test_rules
