from . import crm_lifecycle
from . import crm_lifecycle_step
