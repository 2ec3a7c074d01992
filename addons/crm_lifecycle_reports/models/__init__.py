from . import ir_actions_report
from . import crm_lifecycle_profile_paper
from . import crm_lifecycle_mailing
from . import digest_digest
from . import res_partner
