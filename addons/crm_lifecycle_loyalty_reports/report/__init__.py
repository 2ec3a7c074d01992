from . import crm_lifecycle_report_mixin
from . import crm_loyalty_points_report
