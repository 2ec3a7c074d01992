from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # Negative lines of invoices, by which goods are returned with the next order.
    _lifecycle_negative_idx = models.Index("(move_id) WHERE quantity < 0")
