from . import crm_lifecycle_report_mixin
from . import loyalty_points_report
