from odoo import api, fields, models
from odoo.tools import SQL

from .crm_loyalty_entry import DIGITS

QUALIFYING_COLUMNS = (
    "qualifying_date",
    "qualifying_card_id",
    "qualifying_points",
    "qualifying_spend",
)


class CrmLoyaltyEntry(models.Model):
    """Qualifying value and day of an entry, for tiers.

    They are computed once, and are not part of the hash. Points of an order count
    before the multiplier of the customer's tier. A reversal counts on the day of the
    reversed entry. What an entry keeps in `earning` (``base`` points, ``spend``) counts
    as it is.
    """

    _inherit = "crm.loyalty.entry"

    qualifying_date = fields.Date(
        string="Counts on",
        readonly=True,
        help="The day on which the entry counts for tiers.",
    )
    qualifying_points = fields.Float(
        digits=DIGITS, readonly=True, help="Points of the entry that count for tiers."
    )
    qualifying_spend = fields.Float(
        digits=DIGITS, readonly=True, help="Spend of the entry that counts for tiers."
    )

    qualifying_card_id = fields.Many2one(
        comodel_name="loyalty.card",
        string="Counts on card",
        readonly=True,
        ondelete="set null",
        help="The card whose tier the entry counts for: another one after a merge.",
    )

    _qualifying_idx = models.Index("(qualifying_card_id, qualifying_date)")
    _unqualified_idx = models.Index(
        "(program_id, card_id) WHERE qualifying_date IS NULL"
    )

    @api.model
    def _store_qualifying(self, where):
        """Compute the qualifying values of entries without them; alias ``e``.

        These are entries posted before the program had tiers: a posting sets its own
        values. Awards come first, because reversals depend on them. Use SQL, because
        the ORM refuses to write the ledger.
        """
        self.flush_model()
        self._flush_qualifying()
        for kind in (SQL("e.origin_id IS NULL"), SQL("e.origin_id IS NOT NULL")):
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE crm_loyalty_entry AS entry
                       SET (%(columns)s) = ROW (q.*)
                      FROM crm_loyalty_entry AS e
                      JOIN loyalty_card AS c ON c.id = e.card_id
                     CROSS JOIN LATERAL (%(qualified)s) AS q
                     WHERE entry.id = e.id
                       AND e.qualifying_date IS NULL AND %(kind)s AND %(where)s
                    """,
                    columns=self._get_qualifying_columns(),
                    qualified=self._get_qualified_sql(),
                    kind=kind,
                    where=where,
                )
            )
        self.invalidate_model(
            ["qualifying_date", "qualifying_points", "qualifying_spend"], flush=False
        )

    @api.model
    def _get_qualifying_columns(self):
        """SQL of the columns that `_get_qualified_sql` returns."""
        return SQL(", ").join(SQL.identifier(name) for name in QUALIFYING_COLUMNS)

    @api.model
    def _get_qualified_sql(self):
        """SQL of a query for the qualifying values of entry ``e``: one row.

        ``e`` may be a row that is about to be inserted. A reversal depends on the
        values of the reversed entry, which must be computed before.
        """
        return SQL(
            """
            SELECT COALESCE(o.qualifying_date, o.date, e.date),
                   COALESCE(o.qualifying_card_id, e.card_id),
                   ROUND(CASE WHEN o.id IS NOT NULL THEN %(points_back)s
                              WHEN e.earning ->> 'base' IS NOT NULL
                              THEN (e.earning ->> 'base')::numeric
                              WHEN (%(times)s) = 1 THEN %(points)s
                              ELSE ROUND(%(points)s / (%(times)s)::numeric, 2) END,
                         %(digits)s),
                   ROUND(CASE WHEN e.earning ->> 'spend' IS NOT NULL
                              THEN (e.earning ->> 'spend')::numeric
                              WHEN o.id IS NOT NULL THEN %(spend_back)s
                              ELSE %(spend)s END, %(digits)s)
              FROM loyalty_card AS c
              LEFT JOIN crm_loyalty_tier AS t ON t.id = c.crm_loyalty_tier_id
              LEFT JOIN crm_loyalty_entry AS o ON o.id = e.origin_id
             WHERE c.id = e.card_id
            """,
            points=self._get_points_sql(),
            points_back=self._get_share_sql(SQL("o.qualifying_points")),
            times=self._get_multiplier_sql(),
            spend=self._get_spend_sql(),
            spend_back=self._get_share_sql(SQL("o.qualifying_spend")),
            digits=DIGITS[1],
        )

    @api.model
    def _flush_qualifying(self):
        """Extension point: flush the fields that the SQL of this model reads."""
        self.env["crm.loyalty.bonus.rule"].flush_model(["is_qualifying"])
        self.env["crm.loyalty.tier"].flush_model(["multiplier"])

    @api.model
    def _get_points_sql(self):
        """Extension point: SQL of the qualifying points of award ``e``.

        Earned points count, and a bonus if its rule says so. Adjustments, transfers
        and opening balances don't.
        """
        return SQL(
            """
            CASE WHEN e.kind = 'earn' THEN e.points
                 WHEN e.kind = 'bonus' AND e.source_model = 'crm.loyalty.bonus.rule'
                      AND EXISTS (SELECT FROM crm_loyalty_bonus_rule AS r
                                   WHERE r.id = e.source_id AND r.is_qualifying)
                 THEN e.points
                 ELSE 0 END
            """
        )

    @api.model
    def _get_multiplier_sql(self):
        """Extension point: SQL of the multiplier in the points of award ``e``.

        ``t`` is the tier of its card. Override it together with
        `loyalty.program._get_multiplier`.
        """
        return SQL("1")

    @api.model
    def _get_spend_sql(self):
        """Extension point: SQL of the spend that earned award ``e``."""
        return SQL("0")

    @api.model
    def _get_share_sql(self, value):
        """SQL of the share of a value of the origin ``o`` that ``e`` takes back.

        Waived points, which were spent or have expired, count as taken back.
        """
        return SQL(
            "COALESCE(%s * (e.points - COALESCE(e.waived, 0)) "
            "/ NULLIF(o.points, 0), 0)",
            value,
        )
