from . import crm_lifecycle_profile
