from . import models
from . import report
from odoo.addons.crm_lifecycle.bridge import schedule_full_rebuild
