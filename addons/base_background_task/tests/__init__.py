from . import test_adoption
from . import test_background_task
from . import test_background_task_tour
