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

    @api.model
    def _get_transfer_target(self, card, changes):
        """Return the card of the same program that is kept, or None."""
        # The right to merge contacts includes their cards.
        return next(
            (
                other
                for other in self.sudo().browse(changed.id for changed in changes)
                if other.active and other.program_id == card.program_id
            ),
            None,
        )
