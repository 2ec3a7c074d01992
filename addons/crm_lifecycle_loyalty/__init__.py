from . import models
from odoo.addons.crm_lifecycle.bridge import collect_all
