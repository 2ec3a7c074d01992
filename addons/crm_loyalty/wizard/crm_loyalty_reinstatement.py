from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError


class CrmLoyaltyReinstatement(models.TransientModel):
    """Wizard to reinstate expired points."""

    _name = "crm.loyalty.reinstatement"
    _inherit = ["crm.loyalty.card.wizard", "crm.loyalty.bounded.mixin"]
    _description = "Reinstate Expired Points"

    card_id = fields.Many2one(comodel_name="loyalty.card", required=True, readonly=True)
    entry_ids = fields.Many2many(
        comodel_name="crm.loyalty.entry",
        string="Expired Points",
        compute="_compute_entry_ids",
        store=True,
        readonly=False,
        precompute=True,
        domain="[('id', 'in', candidate_ids)]",
    )
    candidate_ids = fields.Many2many(
        comodel_name="crm.loyalty.entry", compute="_compute_candidate_ids"
    )
    expiration_date = fields.Date(
        string="Expire Again",
        compute="_compute_expiration_date",
        store=True,
        readonly=False,
        precompute=True,
        help="The last day on which the points can be spent. Empty: they don't expire.",
    )
    reason = fields.Char(required=True)

    @api.depends("card_id")
    def _compute_candidate_ids(self):
        for wizard in self:
            wizard.candidate_ids = wizard.card_id._get_reinstatable()

    @api.depends("card_id")
    def _compute_entry_ids(self):
        for wizard in self:
            wizard.entry_ids = wizard.card_id._get_reinstatable()

    @api.depends("card_id")
    def _compute_expiration_date(self):
        for wizard in self:
            program = wizard.card_id.program_id
            day = program._get_loyalty_today() if program else fields.Date.today()
            wizard.expiration_date = day + timedelta(
                days=program.crm_loyalty_reinstate_days
            )

    def action_reinstate(self):
        self.ensure_one()
        if not self.entry_ids:
            raise UserError(self.env._("Choose which expired points to give back."))
        self.entry_ids._reinstate(self.expiration_date, self.reason)
        return True
