from . import crm_lifecycle_report_mixin
