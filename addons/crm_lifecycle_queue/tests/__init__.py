from . import test_hand_out
from . import test_jobs
from . import test_rescue
