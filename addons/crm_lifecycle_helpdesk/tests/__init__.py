from . import test_ticket_facts
from . import test_ticket_screens
