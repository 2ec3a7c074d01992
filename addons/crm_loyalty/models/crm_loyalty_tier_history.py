from odoo import api, fields, models
from odoo.exceptions import UserError


class CrmLoyaltyTierHistory(models.Model):
    """A change of the tier of a card, with the value that decided it. Append-only.

    Only the evaluation of tiers adds rows, in the statement that changes the cards.
    """

    _name = "crm.loyalty.tier.history"
    _description = "Loyalty Tier History"
    _order = "date desc, id desc"
    _rec_name = "to_tier_id"

    card_id = fields.Many2one(
        comodel_name="loyalty.card", required=True, readonly=True, ondelete="cascade"
    )
    program_id = fields.Many2one(
        comodel_name="loyalty.program", readonly=True, ondelete="cascade", index=True
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    date = fields.Date(required=True, readonly=True)
    from_tier_id = fields.Many2one(
        comodel_name="crm.loyalty.tier",
        string="From",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    to_tier_id = fields.Many2one(
        comodel_name="crm.loyalty.tier",
        string="To",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    kind = fields.Selection(
        selection=[
            ("up", "Upgrade"),
            ("down", "Period over"),
            ("reversal", "Points taken back"),
        ],
        required=True,
        readonly=True,
        string="Why",
    )
    value = fields.Float(
        string="Qualified with",
        readonly=True,
        aggregator=None,
        help="Points or spend that the tier was decided by.",
    )
    until = fields.Date(
        readonly=True,
        help="The last day that the tier was promised for on the day of the change.",
    )

    _card_date_idx = models.Index("(card_id, date)")
    _written_idx = models.Index("(create_date)")

    # ------------------------------------------------------------
    # Append only
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise UserError(
            self.env._("The history of tiers is written by their evaluation alone.")
        )

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("The history of tiers can't be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The history of tiers can't be deleted."))
