from datetime import timedelta

from odoo import models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine.scope import day_end


class CrmLifecycleSourceSla(models.AbstractModel):
    """Facts from the service levels of helpdesk tickets.

    A level is missed on the day of its deadline: as soon as the helpdesk marks it as
    missed, or at the latest when that day is over.
    """

    _name = "crm.lifecycle.source.sla"
    _inherit = "crm.lifecycle.source"
    _description = "Customer Facts from Service Levels"

    _facts = ("sla_missed_count", "sla_missed_date")

    def _changed_subjects(self, scope):
        changed = SQL("TRUE")
        if not scope.is_full:
            changed = SQL(
                "(%s OR %s OR s.deadline >= %s AND s.deadline < %s)",
                self.env["crm.lifecycle.source.ticket"]._is_since(
                    SQL("s.write_date"), scope
                ),
                scope.crosses_cutoff(SQL("s.deadline")),
                day_end(scope.previous_as_of - timedelta(days=1), scope.tz),
                day_end(scope.as_of - timedelta(days=1), scope.tz),
            )
        return SQL(
            """
            SELECT t.partner_id, NULL::int AS lead_id
              FROM helpdesk_ticket_sla AS s
              JOIN helpdesk_ticket AS t ON t.id = s.ticket_id
             WHERE t.partner_id IS NOT NULL AND t.company_id = %s AND %s
            """,
            scope.company_id,
            changed,
        )

    def _fact_values(self, scope):
        return SQL(
            """
            SELECT b.profile_id, COUNT(*) AS sla_missed_count,
                   %(day)s AS sla_missed_date
              FROM lifecycle_batch_contact AS b
              JOIN helpdesk_ticket AS t ON t.partner_id = b.partner_id
              JOIN helpdesk_ticket_sla AS s ON s.ticket_id = t.id
             WHERE t.company_id = %(company)s AND t.create_date < %(end)s
               AND (s.state = 'expired' AND s.deadline < %(end)s
                    OR s.state = 'in_progress' AND s.deadline < %(before)s)
               AND %(is_pending)s
             GROUP BY b.profile_id
            """,
            day=scope.local_date(SQL("MAX(s.deadline)")),
            company=scope.company_id,
            end=scope.day_end,
            before=day_end(scope.as_of - timedelta(days=1), scope.tz),
            is_pending=scope.needs_refresh(self._name, "b"),
        )
