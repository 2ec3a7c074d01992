from . import models
from . import report
from odoo.addons.crm_lifecycle.bridge import collect_all
