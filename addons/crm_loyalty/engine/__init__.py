from . import chain
from . import ledger
from . import periods
from . import returns
from . import tiers
