from . import test_access
from . import test_archive
from . import test_merge
from . import test_leaver
from . import test_privacy
from . import test_risk_case
from . import test_risk_check
from . import test_tours
