from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.ledger import to_points, to_units

# Days, including today, over which points given or taken by hand are added up.
LIMIT_DAYS = 30


class LoyaltyCard(models.Model):
    """Approval limit of points that users give or take by hand.

    All code that does so calls `_get_over_limit` first, and posts with ``manual_user``.
    """

    _inherit = "loyalty.card"

    crm_loyalty_merged_into_id = fields.Many2one(
        comodel_name="loyalty.card",
        string="Merged into",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The card that has the points of this one since their customers were "
        "merged.",
    )

    def _get_manual_units(self, user, lock=True):
        """Return ``{card id: units}`` that a user gave or took in the last 30 days.

        Given and taken points both count, as do those of cards merged into a card.
        ``lock`` locks the cards to the end of the transaction, so that two concurrent
        postings see each other.
        """
        self.env["loyalty.card"].flush_model(["crm_loyalty_merged_into_id"])
        self._clear_preloaded()
        since = {
            card.id: card.program_id._get_loyalty_today() - timedelta(days=LIMIT_DAYS)
            for card in self.sudo()  # to read the program's day
        }
        rows = self.env.execute_query(
            SQL(
                """
                WITH card AS MATERIALIZED (
                     SELECT c.id FROM loyalty_card AS c
                      WHERE c.id = ANY(%(ids)s) ORDER BY c.id %(lock)s)
                SELECT card.id, round(LEAST(SUM(abs(e.points)), 1e12) * 10000)::bigint
                  FROM card
                  JOIN unnest(%(ids)s::int4[], %(since)s::date[]) AS s (id, since)
                    ON s.id = card.id
                  JOIN loyalty_card AS k
                    ON k.id = card.id OR k.crm_loyalty_merged_into_id = card.id
                  JOIN crm_loyalty_entry AS e ON e.card_id = k.id
                 WHERE e.manual_user_id = %(user)s AND e.date > s.since
              GROUP BY card.id
                """,
                ids=list(since),
                since=list(since.values()),
                lock=SQL("FOR NO KEY UPDATE OF c") if lock else SQL(),
                user=user.id,
            )
        )
        return dict(rows)

    def _get_over_limit(self, changes, user=None, lock=True):
        """Return ``{card: limit}`` of the changes that need approval.

        ``changes`` maps cards to the units that ``user``, by default the current one,
        is about to post by hand.
        """
        user = user or self.env.user
        programs = {card: card.program_id for card in changes}
        by_program = {
            program: program._get_adjust_limit(user)
            for program in set(programs.values())
        }
        limits = {card: by_program[program] for card, program in programs.items()}
        limited = [card for card, limit in limits.items() if limit and card.id]
        given = self.browse(c.id for c in limited)._get_manual_units(user, lock)
        return {
            card: limit
            for card, limit in limits.items()
            if limit and abs(changes[card]) + given.get(card.id, 0) > to_units(limit)
        }

    def _check_within_limit(self, changes, user=None):
        """Raise UserError for changes by hand that need approval."""
        for card, limit in self._get_over_limit(changes, user).items():
            raise UserError(
                self.env._(
                    "%(points)s points on “%(card)s” need the approval of a second "
                    "person: more than %(limit)s by hand in %(days)s days. Ask for it "
                    "by an adjustment.",
                    points=f"{to_points(changes[card]):g}",
                    card=card.display_name,
                    limit=f"{limit:g}",
                    days=LIMIT_DAYS,
                )
            )

    def _mark_merged_into(self, kept):
        """Count points given by hand on these cards for the card that is kept.

        Pending adjustments also move to the card that is kept.
        """
        cards = self.with_context(active_test=False)
        before = cards.search([("crm_loyalty_merged_into_id", "in", self.ids)])
        (self | before).write({"crm_loyalty_merged_into_id": kept.id})
        # The user who merges contacts need not have access to adjustments.
        adjustments = self.env["crm.loyalty.adjustment"].sudo()
        adjustments.search(
            [("card_id", "in", self.ids), ("state", "in", ("draft", "waiting"))]
        ).card_id = kept
