from . import test_paths
from . import test_rename
