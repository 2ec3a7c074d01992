from . import paths
from . import rename
