"""Rename addons in databases that had 19.0.2.0.0 before the addons were renamed."""

from odoo.addons.base_rename.rename import Renames, apply_renames
from odoo.addons.crm_lifecycle.renames import MODULES


def migrate(cr, version):
    apply_renames(cr, Renames(modules=MODULES))
