from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.access import is_readable


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _lifecycle_timeline_sources(self, limit=None):
        """Add the opening, closing and rating of tickets of all kinds."""
        sources = super()._lifecycle_timeline_sources(limit)
        for kind in self.env["crm.lifecycle.source.ticket"]._get_ticket_kinds():
            sources += self._timeline_tickets(kind, limit)
        return sources

    def _timeline_tickets(self, kind, limit):
        """SQL of the events of one kind of ticket that the user may read."""
        Model = self.env[kind.model].with_context(active_test=False)
        if not is_readable(Model):
            return []
        domain = self._get_ticket_domain(kind.model)
        opened = self._get_events_sql(
            kind.model,
            domain,
            kind="service",
            label=self.env._("Ticket"),
            date="create_date",
            title="name",
            limit=limit,
        )
        tickets = Model._search(domain).subselect()
        return [
            opened,
            self._timeline_states(kind, tickets, limit),
            self._timeline_ratings(kind, tickets, limit),
        ]

    def _timeline_states(self, kind, tickets, limit):
        """SQL of the times when some tickets were closed and reopened."""
        return SQL(
            """
            SELECT l.date, FALSE, 'service',
                   CASE WHEN l.is_open THEN %(reopened)s ELSE %(closed)s END,
                   t.name, NULL, NULL, NULL, l.res_model, l.res_id
              FROM %(table)s
              JOIN crm_lifecycle_ticket_log AS l
                ON l.res_model = %(model)s AND l.res_id = t.id
             WHERE t.id IN %(tickets)s AND l.date <= %(now)s
             ORDER BY l.date DESC, l.id DESC %(limit)s
            """,
            reopened=self.env._("Ticket opened again"),
            closed=self.env._("Ticket closed"),
            table=kind.source,
            model=kind.model,
            tickets=tickets,
            now=fields.Datetime.now(),
            limit=SQL("LIMIT %s", limit) if limit else SQL(),
        )

    def _timeline_ratings(self, kind, tickets, limit):
        """SQL of the ratings of some tickets, with the customer's feedback."""
        Source = self.env["crm.lifecycle.source.ticket"]
        return SQL(
            """
            SELECT %(rated_at)s, FALSE, 'service',
                   replace(%(label)s, '#', trim_scale(r.rating::numeric)::text),
                   t.name, r.feedback, NULL, NULL, r.res_model, r.res_id
              FROM %(table)s
              JOIN rating_rating AS r ON r.res_model = %(model)s AND r.res_id = t.id
             WHERE t.id IN %(tickets)s AND %(is_rating)s AND %(rated_at)s <= %(now)s
             ORDER BY %(rated_at)s DESC, r.id DESC %(limit)s
            """,
            rated_at=Source._rated_at,
            is_rating=Source._is_rating,
            label=self.env._("Rated # of 5"),
            table=kind.source,
            model=kind.model,
            tickets=tickets,
            now=fields.Datetime.now(),
            limit=SQL("LIMIT %s", limit) if limit else SQL(),
        )
