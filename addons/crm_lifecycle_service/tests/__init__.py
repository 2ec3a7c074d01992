from . import test_ticket_rule_access
