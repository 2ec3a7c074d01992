from . import test_access
from . import test_cohort
from . import test_engine_cohorts
from . import test_growth_report
from . import test_step_report
from . import test_visit_report
from . import test_tours
