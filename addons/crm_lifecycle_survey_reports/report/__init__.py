from . import crm_lifecycle_satisfaction_report
