from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class CrmLifecycleTicketLog(models.Model):
    """Append-only log of when tickets were closed and reopened.

    Applications store the last closing of a ticket at best, and lose it on reopening.
    So each change is logged as it happens. Whether a ticket was open on a day follows
    from its last row before that day; without one it was open. Tickets that were closed
    before their kind was installed get one row, dated by the application.
    """

    _name = "crm.lifecycle.ticket.log"
    _description = "Openings and Closings of Tickets"
    _log_access = False
    _order = "date desc, id desc"

    res_model = fields.Char(string="Document Model", required=True)
    res_id = fields.Many2oneReference(
        string="Ticket", model_field="res_model", required=True
    )
    date = fields.Datetime(required=True)
    is_open = fields.Boolean(
        string="Open", help="Whether the ticket was open from then on."
    )

    _ticket_idx = models.Index("(res_model, res_id, date, id)")
    _lifecycle_date_idx = watermark_index("date")

    @api.model
    def _log_changes(self, kind, tickets=None, moment=None):
        """Add a row for each ticket with a state other than that of its last row.

        :param tickets: the tickets to check; all of the kind by default
        :param moment: when it happened; by default, the closing time of the application
        """
        self.env.flush_all()
        mine = (
            SQL("t.id = ANY(%s)", tickets.ids) if tickets is not None else SQL("TRUE")
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO crm_lifecycle_ticket_log (res_model, res_id, date, is_open)
                SELECT %(model)s, t.id,
                       GREATEST(%(moment)s, t.create_date, last.date),
                       NOT %(closed)s
                  FROM %(tickets)s
             LEFT JOIN LATERAL (%(last)s) AS last ON TRUE
                 WHERE %(mine)s AND %(is_ticket)s
                   AND %(closed)s = COALESCE(last.is_open, TRUE)
                """,
                model=kind.model,
                moment=SQL("%s::timestamp", moment) if moment else kind.closed_at,
                closed=kind.is_closed,
                tickets=kind.source,
                last=kind.last_log_row(),
                mine=mine,
                is_ticket=kind.is_ticket,
            )
        )
        self.invalidate_model()

    @api.model
    def _delete_rows(self, tickets):
        """Delete the rows of deleted tickets."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM crm_lifecycle_ticket_log "
                "WHERE res_model = %s AND res_id = ANY(%s)",
                tickets._name,
                tickets.ids,
            )
        )
        self.invalidate_model()
