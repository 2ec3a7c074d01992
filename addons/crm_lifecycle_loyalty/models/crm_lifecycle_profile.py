from odoo import api, fields, models

from odoo.addons.crm_lifecycle.fields import LooseMany2one

from ..personal_data import get_loyalty_models


class CrmLifecycleProfile(models.Model):
    """Facts from the loyalty cards of the customer and its contacts."""

    _inherit = "crm.lifecycle.profile"

    loyalty_points = fields.Float(
        readonly=True,
        fact="only",
        aggregator="sum",
        help="Balance of the loyalty cards, pending points included; empty for "
        "customers without a card.",
    )
    loyalty_tier_id = LooseMany2one(
        comodel_name="crm.loyalty.tier",
        readonly=True,
        fact="only",
        index="btree_not_null",
        ondelete="restrict",
        help="Tier of the customer; with several programs, of the first that has one.",
    )

    def action_open_loyalty_cards(self):
        """Open the cards of the customer and its contacts."""
        self.ensure_one()
        return self.partner_id.action_view_loyalty_cards()

    @api.model
    def _get_personal_models(self):
        return [*super()._get_personal_models(), *get_loyalty_models(self.env)]
