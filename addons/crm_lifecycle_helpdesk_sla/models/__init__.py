from . import crm_lifecycle_profile
from . import crm_lifecycle_source_sla
from . import helpdesk_ticket_sla
