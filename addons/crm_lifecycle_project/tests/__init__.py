from . import test_decision
from . import test_ticket_facts
from . import test_ticket_screens
