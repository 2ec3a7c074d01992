from . import crm_lifecycle_report_mixin
from . import crm_lifecycle_cohort_mixin
from . import crm_lifecycle_stage_report
from . import crm_lifecycle_growth_report
from . import crm_lifecycle_playbook_report
from . import crm_lifecycle_customer_report
from . import crm_lifecycle_growth_mixin
