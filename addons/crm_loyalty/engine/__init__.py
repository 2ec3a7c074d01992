from . import chain
from . import expiry
from . import ledger
from . import periods
from . import proof
from . import returns
from . import tiers
