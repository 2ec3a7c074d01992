from . import crm_lifecycle_handover
