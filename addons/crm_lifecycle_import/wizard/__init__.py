from . import crm_lifecycle_import
