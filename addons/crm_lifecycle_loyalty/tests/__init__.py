from . import test_loyalty_facts
from . import test_stage_condition
from . import test_loyalty_timeline
