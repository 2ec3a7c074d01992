from . import chain
from . import expiry
from . import ledger
from . import periods
from . import ledger_check
from . import returns
from . import tiers
