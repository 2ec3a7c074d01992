from . import models
from odoo.addons.crm_lifecycle_purchase.bridge import read_all_documents
