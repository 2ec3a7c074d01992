from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.crm_loyalty.engine.periods import (
    add_years_sql,
    count_anniversaries_sql,
)


class CrmLoyaltyBonusRule(models.Model):
    _inherit = "crm.loyalty.bonus.rule"

    trigger = fields.Selection(
        selection_add=[
            ("first_order", "Anniversary of the first order"),
            ("manual",),
        ],
        ondelete={"first_order": "cascade"},
    )

    def _due_first_order(self, day):
        """SQL of the last anniversary of each customer's first confirmed order."""
        first = SQL("first.day")
        return SQL(
            """
            SELECT first.partner_id, last.day,
                   EXTRACT(YEAR FROM last.day)::int::text AS occasion
              FROM (SELECT o.partner_id, MIN(%(local)s) AS day
                      FROM loyalty_card AS m
                      JOIN sale_order AS o ON o.partner_id = m.partner_id
                     WHERE m.program_id = %(program)s AND o.state = 'sale'
                       AND (%(company)s::int IS NULL OR o.company_id = %(company)s)
                     GROUP BY o.partner_id) AS first
             CROSS JOIN LATERAL (SELECT %(last)s AS day) AS last
             WHERE last.day > first.day
            """,
            local=self._local_date(SQL("o.date_order")),
            program=self.program_id.id,
            company=self.program_id.company_id.id or None,
            last=add_years_sql(
                first, count_anniversaries_sql(first, SQL("%s::date", day))
            ),
        )
