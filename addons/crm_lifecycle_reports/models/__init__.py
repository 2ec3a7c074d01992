from . import crm_lifecycle_profile
from . import ir_actions_act_window_view
from . import ir_ui_view
from . import ir_actions_report
from . import crm_lifecycle_profile_paper
from . import crm_lifecycle_mailing
from . import digest_digest
