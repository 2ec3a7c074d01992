from . import test_health
from . import test_ticket_rule_access
