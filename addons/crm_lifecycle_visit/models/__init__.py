from . import crm_lifecycle_profile
from . import crm_lifecycle_profile_timeline
from . import crm_lifecycle_run
from . import crm_lifecycle_source_visit
from . import crm_lifecycle_stage
from . import crm_lifecycle_playbook_log
from . import crm_lifecycle_visit
from . import mail_activity
