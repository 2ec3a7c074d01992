from odoo import api, models

from ..engine.ledger import to_points


class LoyaltyCard(models.Model):
    """Transfer of points between cards."""

    _inherit = "loyalty.card"

    @api.model
    def _get_transfers(self, changes):
        """Return postings that move lots and debts between the cards of a merge.

        ``changes`` maps cards to the units that the merge wrote: the emptied cards, and
        the card of the same program that got their points. Each lot keeps its days.
        """
        # The right to merge contacts includes their cards.
        emptied = self.sudo().browse(
            card.id for card, units in changes.items() if not card.sudo().active
        )
        values_list = []
        for card, rows in emptied._get_open_entries().items():
            target = self._get_transfer_target(card, changes)
            for row in rows if target else ():
                base = {"kind": "transfer", "reason": card.code}
                points = to_points(row.open)
                taken = {"card": card, "points": -points, "source": target, **base}
                given = {"card": target, "points": points, "source": card, **base}
                if points > 0:
                    taken["prefer"] = [row.id]
                    given["available_date"] = row.available or False
                    given["expiration_date"] = row.expires or False
                else:
                    given["shortage"] = "debt"
                values_list += [taken, given]
        return values_list

    # ------------------------------------------------------------
    # Postings on cards that were merged before
    # ------------------------------------------------------------

    @api.model
    def _follow_merges(self, values_list):
        """Take points of merged cards from the cards that they were merged into."""
        merged = self._get_merged(values["card"] for values in values_list)
        if not merged:
            return values_list
        return [
            {**values, "card": values["card"].crm_loyalty_merged_into_id}
            if values["card"] in merged
            and (values.get("points") or 0) < 0
            and values["kind"] != "transfer"
            else values
            for values in values_list
        ]

    @api.model
    def _forward_points(self, card_ids):
        """Move points that were posted on merged cards to the cards that are kept.

        They go back to their lots first, so each keeps its days.
        """
        merged = self._get_merged(map(self.browse, card_ids))
        if merged:
            changes = dict.fromkeys(merged | merged.crm_loyalty_merged_into_id, 0)
            self._post_many(self._get_transfers(changes))

    @api.model
    def _get_merged(self, cards):
        """Return those of these cards that were merged into another one."""
        # Only code of the server posts, after it has checked access.
        return (
            self.browse({card.id for card in cards})
            .sudo()
            .filtered(
                lambda card: card.crm_loyalty_merged_into_id.active and not card.active
            )
        )

    @api.model
    def _get_transfer_target(self, card, changes):
        """Return the card of the same program that is kept, or None."""
        # The right to merge contacts includes their cards.
        return next(
            (
                other
                for other in self.sudo().browse(changed.id for changed in changes)
                if other.active
                and other.program_id == card.program_id
                and card.crm_loyalty_merged_into_id in (self.browse(), other)
            ),
            None,
        )
