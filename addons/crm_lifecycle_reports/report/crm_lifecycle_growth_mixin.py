"""Moves by which customers are won or lost, for documents and digest mails."""

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine.statements import is_counted

from ..models.crm_lifecycle_history import MERGE_ORIGINS

# Customers who are not about to go.
ACTIVE = ("customer", "loyal")
# What moves are counted as.
FLOWS = ("new", "reactivated", "churned", "at_risk", "recovered")


class CrmLifecycleGrowthMixin(models.AbstractModel):
    """SQL of the moves that a reader may see, and of what each of them counts as.

    A customer in a stage of the categories customer, loyal or at risk is a customer, as
    in the report of growth: coming there from before is *new*, from lost or ended
    *reactivated*, leaving for anywhere else *churned*. Two more kinds count who came to
    be *at risk*, and who *recovered*: from at risk back to customer or loyal.
    """

    _name = "crm.lifecycle.growth.mixin"
    _description = "Moves That Win or Lose Customers"

    @api.model
    def _get_known_moves(self, query, lifecycle=None):
        """SQL of the moves of a query, see `_get_moves`; of any lifecycle, or one."""
        self.env.flush_all()
        names = ("id", "profile_id", "company_id", "date", "origin", "is_voided")
        names += ("from_stage_id", "to_stage_id", "is_baseline", "merge_id")
        of = SQL("= %s", lifecycle.id) if lifecycle else SQL("IS NOT NULL")
        return SQL(
            """
            SELECT h.profile_id, h.company_id, h.id, h.date,
                   CASE WHEN f.lifecycle_id %(of)s THEN f.id END AS from_id,
                   CASE WHEN t.lifecycle_id %(of)s THEN t.id END AS to_id,
                   COALESCE(f.category, '') AS from_category,
                   COALESCE(t.category, '') AS to_category,
                   g.kind AS growth,
                   h.is_baseline IS TRUE AS is_baseline,
                   h.origin = ANY(%(merges)s) AS is_merge,
                   h.merge_id IS NOT NULL AS is_merged,
                   COALESCE(t.lifecycle_id, f.lifecycle_id) %(of)s AS is_mine
              FROM (%(history)s) AS h
         LEFT JOIN crm_lifecycle_stage AS f ON f.id = h.from_stage_id
         LEFT JOIN crm_lifecycle_stage AS t ON t.id = h.to_stage_id
         LEFT JOIN (%(events)s) AS g ON g.id = h.id
             WHERE (f.lifecycle_id %(of)s OR t.lifecycle_id %(of)s)
               AND h.is_voided IS NOT TRUE AND %(is_counted)s
            """,
            is_counted=is_counted(SQL("h.profile_id")),
            history=query.select(*(SQL.identifier(query.table, n) for n in names)),
            of=of,
            events=self.env["crm.lifecycle.growth.event"]._get_growth_events(),
            merges=list(MERGE_ORIGINS),
        )

    @api.model
    def _get_growth_flow(self):
        """SQL of whether a move makes somebody a customer, or stops it."""
        return SQL(
            "CASE WHEN growth IN ('new', 'reactivated', 'churned') THEN growth END"
        )

    @api.model
    def _get_risk_flow(self):
        """SQL of whether a move leads to being at risk, or out of it again."""
        return SQL(
            """
            CASE WHEN is_merge OR is_baseline THEN NULL
                 WHEN to_category = 'at_risk' AND from_category <> 'at_risk'
                 THEN 'at_risk'
                 WHEN from_category = 'at_risk' AND to_category = ANY(%(active)s)
                 THEN 'recovered' END
            """,
            active=list(ACTIVE),
        )

    @api.model
    def _count_flow(self, domain, what):
        """Return ``{company id: moves}`` of one of `FLOWS`, of any lifecycle."""
        query = self.env["crm.lifecycle.history"]._search(
            Domain(domain) & Domain("profile_id", "!=", False)
        )
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT company_id, COUNT(*)
                      FROM (%(moves)s) AS move, unnest(ARRAY[%(kind)s, %(turn)s]) AS w
                     WHERE w = %(what)s
                     GROUP BY company_id
                    """,
                    moves=self._get_known_moves(query),
                    kind=self._get_growth_flow(),
                    turn=self._get_risk_flow(),
                    what=what,
                )
            )
        )
