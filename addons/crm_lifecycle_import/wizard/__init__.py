from . import base_import_import
from . import crm_lifecycle_import
