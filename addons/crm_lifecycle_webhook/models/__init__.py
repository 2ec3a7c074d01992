from . import crm_lifecycle
from . import crm_lifecycle_playbook_log
