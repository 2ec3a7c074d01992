from . import models
from .hooks import uninstall_hook
from odoo.addons.crm_lifecycle_purchase.bridge import read_all_documents
