from . import crm_lifecycle_print
