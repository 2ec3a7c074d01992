from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_lifecycle_service.ticket_kind import TicketKind
from odoo.addons.project.models.project_task import CLOSED_STATES


class CrmLifecycleSourceTicket(models.AbstractModel):
    _inherit = "crm.lifecycle.source.ticket"

    @api.model
    def _get_ticket_kinds(self):
        """Add the tasks of service desks, without subtasks and templates.

        Odoo does not store when a task was closed. Use the last tracked change of its
        state, or else the last change of its stage.
        """
        tasks = TicketKind(
            model="project.task",
            table="project_task",
            is_ticket=SQL(
                """
                (t.project_id IN (SELECT id FROM project_project
                                    WHERE lifecycle_is_service_desk)
                 AND t.parent_id IS NULL AND t.is_template IS NOT TRUE
                 AND t.has_template_ancestor IS NOT TRUE)
                """
            ),
            domain=Domain(
                [
                    ("project_id.lifecycle_is_service_desk", "=", True),
                    ("parent_id", "=", False),
                    ("is_template", "=", False),
                    ("has_template_ancestor", "=", False),
                ]
            ),
            is_closed=SQL(
                "(t.state = ANY(%s) OR t.active IS NOT TRUE)", list(CLOSED_STATES)
            ),
            closed_at=self._get_task_closed_at(),
        )
        return [*super()._get_ticket_kinds(), tasks]

    @api.model
    def _get_ticket_hours(self, kind):
        """Return the hours of timesheets on a task and its subtasks, if installed."""
        Line = self.env["account.analytic.line"]
        if kind.model != "project.task" or "task_id" not in Line._fields:
            return super()._get_ticket_hours(kind)
        Line.flush_model()
        return SQL(
            """
            (SELECT COALESCE(SUM(l.unit_amount), 0)
               FROM account_analytic_line AS l
              WHERE l.task_id = t.id
                 OR l.task_id IN (SELECT u.id FROM project_task AS u
                                   WHERE u.parent_id = t.id))
            """
        )

    def _get_task_closed_at(self):
        """SQL of the time when task ``t`` was closed, from its tracking values."""
        return SQL(
            """
            COALESCE(
                (SELECT MAX(m.date)
                   FROM mail_tracking_value AS v
                   JOIN mail_message AS m ON m.id = v.mail_message_id
                  WHERE v.field_id = %s AND m.model = 'project.task'
                    AND m.res_id = t.id),
                t.date_last_stage_update, t.write_date)
            """,
            self.env["ir.model.fields"]._get("project.task", "state").id,
        )
