"""Loyalty cards as personal data."""

from odoo.addons.crm_lifecycle.personal_data import PersonalRecords


class LoyaltyCards(PersonalRecords):
    """Cards with the entries of their ledger, which loses its words and no points."""

    key = "cards"
    template = "crm_lifecycle_loyalty.personal_data_cards"

    def get_row(self, record):
        """Return a card with its ``entries``, the oldest first."""
        kinds = dict(
            record.crm_loyalty_entry_ids._fields["kind"]._description_selection(
                record.env
            )
        )
        return {
            "card": record.code,
            "program": record.program_id.name,
            "points": record.points,
            "tier": record.crm_loyalty_tier_id.name or None,
            "crm_loyalty_member_since": record.crm_loyalty_member_since or None,
            "entries": [
                {
                    "date": entry.date,
                    "kind": kinds[entry.kind],
                    "points": entry.points,
                    "reason": entry.reason or None,
                }
                for entry in record.crm_loyalty_entry_ids.sorted("sequence")
            ],
        }

    def erase(self):
        self.records._erase_personal_data()
