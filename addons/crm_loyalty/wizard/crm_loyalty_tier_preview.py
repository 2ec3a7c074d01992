from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Command

# Three years. Bounded, because each of these days is evaluated.
MAX_DAYS = 1_100


class CrmLoyaltyTierPreview(models.TransientModel):
    """Preview of members who lose a tier in the next days if they earn nothing more."""

    _name = "crm.loyalty.tier.preview"
    _description = "Tiers That End Soon"
    _inherit = ["crm.loyalty.bounded.mixin"]

    program_ids = fields.Many2many(
        comodel_name="loyalty.program", string="Programs", readonly=True
    )
    days = fields.Integer(string="In the next days", default=30, required=True)
    line_ids = fields.One2many(
        comodel_name="crm.loyalty.tier.preview.line", inverse_name="preview_id"
    )
    line_count = fields.Integer(string="Customers", compute="_compute_line_count")

    @api.model
    def _get_bounds(self):
        return {**super()._get_bounds(), "days": (0, MAX_DAYS)}

    def _compute_display_name(self):
        self.display_name = self.env._("Tiers That End Soon")

    def _compute_line_count(self):
        for preview in self:
            preview.line_count = len(preview.line_ids)

    def action_refresh(self):
        """Evaluate the coming days, and show the members who lose a tier."""
        self.ensure_one()
        self.program_ids.check_access("read")
        lines = []
        for program in self.program_ids:
            today = program._get_loyalty_today()
            # Access to the programs was checked; the evaluation reads all their cards.
            lines += program.sudo()._preview_downgrades(
                today + timedelta(days=1), today + timedelta(days=max(self.days, 1))
            )
        self.line_ids = [
            Command.clear(),
            *(
                Command.create(
                    {
                        "date": day,
                        "card_id": card.id,
                        "from_tier_id": tier.id,
                        "to_tier_id": after.id,
                        "missing": missing,
                    }
                )
                for day, card, tier, after, missing in lines
            ),
        ]
        # Stay in the open form, which shows the lines.
        return True


class CrmLoyaltyTierPreviewLine(models.TransientModel):
    _name = "crm.loyalty.tier.preview.line"
    _description = "Tier That Ends Soon"
    _inherit = ["crm.loyalty.bounded.mixin"]
    _order = "date, id"

    preview_id = fields.Many2one(
        comodel_name="crm.loyalty.tier.preview",
        required=True,
        index=True,
        ondelete="cascade",
    )
    date = fields.Date(string="Loses it on", readonly=True)
    card_id = fields.Many2one(
        comodel_name="loyalty.card", readonly=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    from_tier_id = fields.Many2one(
        comodel_name="crm.loyalty.tier",
        string="Tier",
        readonly=True,
        ondelete="cascade",
    )
    to_tier_id = fields.Many2one(
        comodel_name="crm.loyalty.tier",
        string="Becomes",
        readonly=True,
        ondelete="cascade",
    )
    missing = fields.Float(string="Missing to keep it", readonly=True)

    @api.model
    def _get_bounds(self):
        return {**super()._get_bounds(), "missing": (-1e15, 1e15)}

    def action_open_card(self):
        """Open the card of the customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "loyalty.card",
            "res_id": self.card_id.id,
            "view_mode": "form",
        }
