from . import crm_lifecycle_erase
from . import privacy_lookup_wizard
