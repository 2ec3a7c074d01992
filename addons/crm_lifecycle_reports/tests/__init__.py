from . import test_visit_report
