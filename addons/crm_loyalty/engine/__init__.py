from . import chain
from . import ledger
