from odoo import fields, models

from odoo.addons.crm_lifecycle.fields import LooseMany2one

from ..personal_data import LoyaltyCards


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

    def _get_personal_records(self):
        """Hand out the cards, with each change of their points; erase their words."""
        # Cards of whatever programme, and archived ones: `crm_lifecycle_privacy` checks
        # who asks.
        cards = self.env["loyalty.card"].sudo().with_context(active_test=False)
        contacts = self.sudo().partner_id
        if contacts:
            cards = cards.search([("partner_id", "child_of", contacts.ids)])
        return [*super()._get_personal_records(), LoyaltyCards(cards)]
