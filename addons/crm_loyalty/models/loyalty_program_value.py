from odoo import api, fields, models

from .loyalty_program import MAX_VALUE


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    crm_loyalty_point_value = fields.Float(
        string="Value of a point",
        compute="_compute_crm_loyalty_point_value",
        store=True,
        readonly=False,
        digits=(16, 6),
        help="What a point that is outstanding will cost, in the currency of the "
        "program, for the report on liability. Proposed from the best reward.",
    )

    _point_value_bounds = models.Constraint(
        f"CHECK (crm_loyalty_point_value BETWEEN 0 AND {MAX_VALUE})",
        "A point is worth from 0 to 1,000,000.",
    )

    @api.depends(
        "program_type",
        "reward_ids.reward_type",
        "reward_ids.discount",
        "reward_ids.discount_mode",
        "reward_ids.required_points",
    )
    def _compute_crm_loyalty_point_value(self):
        """Propose the highest value of a point among the rewards.

        The value of a discount in percent or of a free product is not known before an
        order; the accountant enters it.
        """
        for program in self:
            if program.program_type in ("ewallet", "gift_card"):
                program.crm_loyalty_point_value = 1
                continue
            values = [
                reward.discount
                / (1 if reward.discount_mode == "per_point" else reward.required_points)
                for reward in program.reward_ids
                if reward.reward_type == "discount"
                and reward.discount_mode in ("per_point", "per_order")
                and reward.required_points
            ]
            value = max(values, default=program.crm_loyalty_point_value)
            program.crm_loyalty_point_value = min(value, MAX_VALUE)
