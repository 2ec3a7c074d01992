from . import crm_lifecycle_ticket_report
