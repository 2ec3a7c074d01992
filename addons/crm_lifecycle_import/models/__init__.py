from . import crm_lifecycle_profile
from . import crm_lifecycle_profile_import_stage
from . import ir_fields_converter
