from odoo import fields, models

from odoo.addons.crm_lifecycle.fields import LooseMany2one


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
        comodel_name="loyalty.tier",
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

    def _get_person_data(self):
        """Export the cards of the customer, with each change of their points."""
        data = super()._get_person_data()
        # `sudo()`: cards of all programmes. The caller has checked the user's access.
        cards = self.env["loyalty.card"].sudo().with_context(active_test=False)
        contacts = self.sudo().partner_id
        cards = cards.search([("partner_id", "child_of", contacts.ids)])
        kinds = dict(cards.entry_ids._fields["kind"]._description_selection(self.env))
        data["cards"] = [
            {
                "card": card.code,
                "program": card.program_id.name,
                "points": card.points,
                "tier": card.tier_id.name or None,
                "member_since": card.member_since or None,
                "entries": [
                    {
                        "date": entry.date,
                        "kind": kinds[entry.kind],
                        "points": entry.points,
                        "reason": entry.reason or None,
                    }
                    for entry in card.entry_ids.sorted("sequence")
                ],
            }
            for card in cards
            if contacts
        ]
        return data
