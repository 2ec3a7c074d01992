from . import test_erasure
from . import test_loyalty_facts
from . import test_loyalty_timeline
from . import test_stage_condition
