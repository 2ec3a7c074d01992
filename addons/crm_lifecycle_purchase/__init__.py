from . import models, wizard
from odoo.addons.crm_lifecycle.bridge import schedule_full_rebuild
