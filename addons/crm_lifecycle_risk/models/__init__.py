from . import crm_lifecycle_profile
from . import crm_lifecycle_profile_timeline
from . import crm_lifecycle_risk_case
from . import crm_lifecycle_risk_reason
from . import crm_lifecycle_source_contact
from . import crm_lifecycle_stage
from . import crm_lifecycle_playbook_log
from . import res_partner
