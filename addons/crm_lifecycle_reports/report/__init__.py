from . import crm_lifecycle_report_mixin
from . import crm_lifecycle_cohort_mixin
from . import crm_lifecycle_visit_report
from . import crm_lifecycle_growth_report
from . import crm_lifecycle_step_report
from . import crm_lifecycle_customer_report
from . import crm_lifecycle_growth_mixin
