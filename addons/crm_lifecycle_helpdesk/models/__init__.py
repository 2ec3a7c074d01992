from . import crm_lifecycle_source_contact
from . import crm_lifecycle_source_ticket
from . import crm_lifecycle_ticket_customer
from . import crm_lifecycle_ticket_rule
from . import helpdesk_ticket
from . import helpdesk_ticket_stage
