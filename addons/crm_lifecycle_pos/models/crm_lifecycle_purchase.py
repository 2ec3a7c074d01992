from odoo import api, models
from odoo.tools import SQL


class CrmLifecyclePurchase(models.Model):
    _inherit = "crm.lifecycle.purchase"

    @api.model
    def _get_claimed_moves(self):
        """Add invoices of till orders and their credit notes: they count there."""
        return [
            *super()._get_claimed_moves(),
            SQL("EXISTS (SELECT FROM pos_order AS p WHERE p.account_move = m.id)"),
            SQL(
                "EXISTS (SELECT FROM pos_order AS p "
                "WHERE p.account_move = m.reversed_entry_id)"
            ),
        ]
