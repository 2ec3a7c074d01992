from odoo import fields, models


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    # How many orders used a programme is a number of the programme: whoever may see
    # points opens its form without seeing orders.
    total_order_count = fields.Integer(compute_sudo=True)
