from . import test_board, test_ticket_report
