from odoo import models
from odoo.tools import SQL


class CrmLifecycleSourceTicketFirst(models.AbstractModel):
    """Make contacts with tickets customers, first seen on the day of the first one.

    A separate source, because leads and orders also provide that day. In one source, an
    order would recompute all ticket facts.
    """

    _name = "crm.lifecycle.source.ticket.first"
    _inherit = "crm.lifecycle.source"
    _description = "First Ticket of Customers"

    _facts = ("first_seen_date",)

    def _changed_subjects(self, scope):
        Source = self.env["crm.lifecycle.source.ticket"]
        kinds = Source._get_kinds()
        if scope.is_full or not kinds:
            # The other source returns the subjects with tickets.
            return SQL("SELECT NULL::int AS partner_id, NULL::int AS lead_id LIMIT 0")
        return SQL(" UNION ALL ").join(
            Source._changed_tickets(scope, kind, condition)
            for kind in kinds
            for condition in (
                Source._is_since(SQL("t.create_date"), scope),
                scope.crossing(SQL("t.create_date")),
            )
        )

    def _fact_values(self, scope):
        kinds = self.env["crm.lifecycle.source.ticket"]._get_kinds()
        tickets = [
            SQL(
                """
                SELECT b.profile_id, t.create_date
                  FROM lifecycle_batch_contact AS b
                  JOIN %(tickets)s ON t.partner_id = b.partner_id
                 WHERE t.create_date < %(end)s AND %(is_ticket)s AND %(in_company)s
                   AND %(asked)s
                """,
                tickets=kind.source,
                end=scope.day_end,
                is_ticket=kind.is_ticket,
                in_company=kind.in_company(scope.company_id),
                asked=scope.asks(self._name, "b"),
            )
            for kind in kinds
        ]
        none = SQL("SELECT NULL::int AS profile_id, NULL::timestamp AS create_date")
        return SQL(
            """
            SELECT profile_id, %s AS first_seen_date
              FROM (%s) AS ticket
             WHERE profile_id IS NOT NULL
             GROUP BY profile_id
            """,
            scope.local_date(SQL("MIN(create_date)")),
            SQL(" UNION ALL ").join([none, *tickets]),
        )
