from . import test_adjustment
from . import test_engine_ledger
from . import test_expiry
from . import test_hooks
from . import test_ledger
from . import test_merge
from . import test_proof
from . import test_reminder
