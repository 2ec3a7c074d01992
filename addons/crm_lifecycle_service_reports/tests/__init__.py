from . import test_dashboard, test_ticket_report
