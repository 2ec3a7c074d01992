from odoo import api, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle_service.ticket_kind import TicketKind


class CrmLifecycleSourceTicket(models.AbstractModel):
    _inherit = "crm.lifecycle.source.ticket"

    @api.model
    def _get_ticket_kinds(self):
        """Add helpdesk tickets.

        The stage decides whether a ticket is closed. Its closing date is no help: it
        stays when the ticket is reopened, and is missing if the ticket is created in a
        closed stage.
        """
        tickets = TicketKind(
            model="helpdesk.ticket",
            table="helpdesk_ticket",
            is_closed=SQL(
                """
                (t.active IS NOT TRUE
                 OR EXISTS (SELECT FROM helpdesk_ticket_stage AS s
                             WHERE s.id = t.stage_id AND s.closed))
                """
            ),
            closed_at=SQL("COALESCE(t.closed_date, t.last_stage_update, t.write_date)"),
        )
        return [*super()._get_ticket_kinds(), tickets]
