from . import test_access
from . import test_archive
from . import test_health
from . import test_hooks
from . import test_privacy
from . import test_tours
from . import test_visit
from . import test_visit_facts
