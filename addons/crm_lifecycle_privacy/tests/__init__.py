from . import test_identifiers
from . import test_lookup
from . import test_privacy
