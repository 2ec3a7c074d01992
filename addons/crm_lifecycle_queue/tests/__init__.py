from . import test_dispatch
from . import test_jobs
from . import test_stalled
