from . import test_ticket_report
