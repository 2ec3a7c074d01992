"""Give models, fields and XML ids the names that they have from now on."""

from odoo.addons.base_rename.rename import apply_renames
from odoo.addons.crm_loyalty.renames import RENAMES


def migrate(cr, version):
    apply_renames(cr, RENAMES)
