from . import crm_lifecycle_source_contact
from . import crm_lifecycle_source_ticket
from . import crm_lifecycle_ticket_customer
from . import project_project
from . import project_task
