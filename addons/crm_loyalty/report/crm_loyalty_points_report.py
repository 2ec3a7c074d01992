from odoo import fields, models
from odoo.tools import SQL


class CrmLoyaltyPointsReport(models.Model):
    """Points by their use, and the possible cost of outstanding points.

    There is one row per entry, for programs with points that stay on a card.
    """

    _name = "crm.loyalty.points.report"
    _description = "Points Liability and Breakage"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "card_id"
    _depends = {
        "crm.loyalty.entry": ["card_id", "date", "kind", "partner_id", "points"],
        "loyalty.program": [
            "applies_on",
            "currency_id",
            "crm_loyalty_point_value",
            "program_type",
        ],
        "loyalty.card": ["crm_loyalty_tier_id"],
    }

    date = fields.Date(readonly=True)
    program_id = fields.Many2one(comodel_name="loyalty.program", readonly=True)
    program_type = fields.Selection(related="program_id.program_type")
    card_id = fields.Many2one(comodel_name="loyalty.card", readonly=True)
    partner_id = fields.Many2one(
        comodel_name="res.partner", string="Customer", readonly=True
    )
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    currency_id = fields.Many2one(comodel_name="res.currency", readonly=True)
    tier_id = fields.Many2one(comodel_name="crm.loyalty.tier", readonly=True)
    kind = fields.Selection(selection="_selection_kind", readonly=True)
    issued = fields.Float(readonly=True, help="Points that were given.")
    spent = fields.Float(readonly=True, help="Points that paid for rewards.")
    expired = fields.Float(readonly=True, help="Points that nobody spent in time.")
    returned = fields.Float(
        string="Taken back",
        readonly=True,
        help="Points that were taken back, less those that came back to customers.",
    )
    adjusted = fields.Float(readonly=True, help="Points adjusted and transferred.")
    outstanding = fields.Float(
        readonly=True, help="Points that customers have: the sum of all entries."
    )
    liability = fields.Monetary(
        readonly=True,
        help="The outstanding points at the value of a point of their program.",
    )
    liability_expected = fields.Monetary(
        string="Expected liability",
        readonly=True,
        help="The liability less breakage: the share of points that expired in the "
        "program of those that were spent or expired.",
    )

    def _selection_kind(self):
        # The labels of the ledger, in the language of the user.
        kind = self.env["crm.loyalty.entry"]._fields["kind"]
        return kind._description_selection(self.env)

    @property
    def _table_query(self) -> SQL:
        # Use LEFT JOIN, which PostgreSQL skips if a query uses no column of the table.
        return SQL(
            """
            SELECT e.id, e.date, e.program_id, e.card_id, e.partner_id, e.company_id,
                   p.currency_id, c.crm_loyalty_tier_id AS tier_id, e.kind,
                   CASE WHEN e.kind IN ('earn', 'bonus', 'opening')
                        THEN e.points ELSE 0 END AS issued,
                   CASE WHEN e.kind = 'burn' THEN -e.points ELSE 0 END AS spent,
                   CASE WHEN e.kind = 'expire' THEN -e.points ELSE 0 END AS expired,
                   CASE WHEN e.kind = 'reverse' THEN -e.points ELSE 0 END AS returned,
                   CASE WHEN e.kind IN ('adjust', 'transfer')
                        THEN e.points ELSE 0 END AS adjusted,
                   e.points AS outstanding,
                   e.points * COALESCE(p.crm_loyalty_point_value, 0) AS liability,
                   e.points * COALESCE(p.crm_loyalty_point_value, 0)
                       * (1 - LEAST(GREATEST(b.rate, 0), 1)) AS liability_expected
              FROM crm_loyalty_entry AS e
              JOIN loyalty_program AS p ON p.id = e.program_id
         LEFT JOIN loyalty_card AS c ON c.id = e.card_id
         LEFT JOIN (
                   SELECT program_id,
                          SUM(-points) FILTER (WHERE kind = 'expire')
                          / NULLIF(SUM(-points)
                                   FILTER (WHERE kind IN ('burn', 'expire')), 0)
                          AS rate
                     FROM crm_loyalty_entry
                    GROUP BY program_id
                   ) AS b ON b.program_id = e.program_id
             WHERE p.applies_on = 'both' OR p.program_type
                   IN ('loyalty', 'ewallet', 'gift_card')
            """
        )
