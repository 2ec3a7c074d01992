"""Loyalty cards and the points ledger as personal data."""

from odoo.addons.crm_lifecycle.personal_data import ALL, KEEP, PersonalModel


class LoyaltyCards(PersonalModel):
    """Cards with the entries of their ledger, which loses its reasons and no points."""

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


def get_loyalty_models(env):
    """Return the decisions for cards and points."""
    reason = env._("Points and days stay, for the sums of the ledger.")
    return [
        LoyaltyCards(
            name="loyalty.card",
            links=("partner_id",),
            kept=("code",),
            # Also the texts of the models below, which the hash chain includes.
            method="_erase_personal_data",
            names=("code",),
            key="cards",
            template="crm_lifecycle_loyalty.personal_data_cards",
        ),
        *(
            PersonalModel(
                name=name,
                decision=KEEP,
                links=("card_id",),
                kept=ALL,
                reason=reason,
                is_technical=name != "crm.loyalty.entry",
            )
            for name in (
                "crm.loyalty.entry",
                "crm.loyalty.adjustment",
                "crm.loyalty.tier.history",
                "crm.loyalty.check.fault",
                "loyalty.history",
            )
        ),
        PersonalModel(
            name="crm.loyalty.consumption",
            decision=KEEP,
            links=("entry_id",),
            is_technical=True,
        ),
    ]
