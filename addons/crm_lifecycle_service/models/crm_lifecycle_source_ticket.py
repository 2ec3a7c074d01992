from odoo import SUPERUSER_ID, api, models
from odoo.tools import SQL


class CrmLifecycleSourceTicket(models.AbstractModel):
    """Facts from service tickets of all kinds and their ratings.

    One source for all kinds, so that averages (hours until the first answer, ratings)
    include all of them. Archived tickets count, but not as open. A rating counts for
    the customer of its ticket, even if another contact gave it.
    """

    _name = "crm.lifecycle.source.ticket"
    _inherit = "crm.lifecycle.source"
    _description = "Customer Facts from Service Tickets"

    _facts = (
        "ticket_count",
        "ticket_open_count",
        "ticket_oldest_open_date",
        "ticket_last_date",
        "ticket_last_closed_date",
        "ticket_response_hours",
        "rating_last",
        "rating_last_date",
        "rating_avg",
    )

    # A rating of 0 is a request without an answer, or a rating that was reset.
    _is_rating = SQL("(r.consumed IS TRUE AND r.rating >= 1)")
    _rated_at = SQL("COALESCE(r.rated_on, r.write_date)")

    @property
    def _reads(self):
        return (
            *(kind.table for kind in self._get_ticket_kinds()),
            "crm_lifecycle_ticket_log",
            "mail_message",
            "rating_rating",
        )

    @api.model
    def _get_ticket_kinds(self):
        """Extension point: return the list of `TicketKind`."""
        return []

    @api.model
    def _get_ticket_kind(self, model):
        """Return the kind of ticket of a model, or None."""
        return next(
            (kind for kind in self._get_ticket_kinds() if kind.model == model), None
        )

    @api.model
    def _get_ticket_hours(self, kind):
        """Extension point: return the SQL of the hours of work on ticket ``t``.

        None: no addon records hours of this kind of ticket.
        """
        return

    # ------------------------------------------------------------
    # Changes
    # ------------------------------------------------------------

    def _changed_subjects(self, scope):
        kinds = self._get_ticket_kinds()
        if not kinds:
            return SQL("SELECT NULL::int AS partner_id, NULL::int AS lead_id LIMIT 0")
        if scope.is_full:
            return SQL(" UNION ALL ").join(
                self._changed_tickets(
                    scope, kind, SQL("t.create_date < %s", scope.day_end)
                )
                for kind in kinds
            )
        return SQL(
            """
            WITH event AS MATERIALIZED (%(events)s)
            SELECT partner_id, lead_id FROM (%(tickets)s) AS ticket
            """,
            events=self._changed_events(scope, [kind.model for kind in kinds]),
            tickets=SQL(" UNION ALL ").join(
                self._changed_tickets(scope, kind, condition)
                for kind in kinds
                for condition in (
                    self._is_since(SQL("t.write_date"), scope),
                    scope.crosses_cutoff(SQL("t.create_date")),
                    SQL(
                        "t.id = ANY(ARRAY(SELECT res_id FROM event WHERE model = %s))",
                        kind.model,
                    ),
                )
            ),
        )

    @api.model
    def _is_since(self, moment, scope):
        """SQL condition: a moment is after the watermark.

        As a closed range: without statistics, PostgreSQL expects a third of all rows
        from a half-open one and scans the table, but uses the index for a closed one.
        """
        return SQL(
            "(%(m)s >= %(since)s AND %(m)s < 'infinity')", m=moment, since=scope.since
        )

    def _changed_tickets(self, scope, kind, condition):
        """SQL of the customers with tickets of a kind."""
        return SQL(
            """
            SELECT t.partner_id, NULL::int AS lead_id
              FROM %(tickets)s
             WHERE t.partner_id IS NOT NULL AND %(is_ticket)s AND %(in_company)s
            """,
            tickets=kind.prefiltered(condition),
            is_ticket=kind.is_ticket,
            in_company=kind.in_company(scope.company_id),
        )

    def _changed_events(self, scope, models):
        """SQL of the tickets with new events, in one query for all kinds.

        Openings and closings are logged together with a write of the ticket, so only
        passing days matter for these. The conditions on events come first, see
        `TicketKind.prefiltered`.
        """
        return SQL(
            """
            SELECT l.res_model AS model, l.res_id
              FROM (SELECT * FROM crm_lifecycle_ticket_log AS l
                     WHERE %(log_crossing)s OFFSET 0) AS l
             WHERE l.res_model = ANY(%(models)s)
             UNION
            SELECT r.res_model, r.res_id
              FROM (SELECT * FROM rating_rating AS r
                     WHERE %(rated)s OR %(rating_crossing)s OFFSET 0) AS r
             WHERE r.res_model = ANY(%(models)s)
             UNION
            SELECT m.model, m.res_id
              FROM (SELECT * FROM mail_message AS m
                     WHERE %(written)s OR %(message_crossing)s OFFSET 0) AS m
             WHERE m.model = ANY(%(models)s) AND %(is_contact)s
            """,
            models=models,
            rated=self._is_since(SQL("r.write_date"), scope),
            written=self._is_since(SQL("m.write_date"), scope),
            log_crossing=scope.crosses_cutoff(SQL("l.date")),
            rating_crossing=scope.crosses_cutoff(self._rated_at),
            message_crossing=scope.crosses_cutoff(SQL("m.date")),
            is_contact=self.env["crm.lifecycle.source.contact"]._is_contact,
        )

    @api.model
    def _get_response(self, kind, before=None):
        """SQL of the first answer to ticket ``t``: ``asked_at`` and ``answered_at``.

        The customer asks by opening the ticket. In a ticket that staff opened, the
        customer asks with the first message: what staff have written before, such as
        their own first message, answers nothing. The superuser opens tickets of
        incoming mails and of the website, which are the customer's.

        :param before: count only messages before this moment
        """
        Contact = self.env["crm.lifecycle.source.contact"]
        messages = SQL(
            "mail_message AS m WHERE m.model = %s AND m.res_id = t.id AND %s AND %s",
            kind.model,
            Contact._is_contact,
            SQL("m.date < %s", before) if before else SQL("TRUE"),
        )
        return SQL(
            """
            SELECT q.asked_at,
                   (SELECT MIN(m.date) FROM %(messages)s AND m.date > q.asked_at
                       AND m.author_id IN (SELECT partner_id FROM res_users
                                            WHERE share IS NOT TRUE)) AS answered_at
              FROM (SELECT CASE WHEN t.create_uid IN (SELECT id FROM res_users
                                                       WHERE share IS NOT TRUE
                                                         AND id <> %(superuser)s)
                                THEN (SELECT MIN(m.date) FROM %(messages)s
                                         AND m.date >= t.create_date AND %(inbound)s)
                                ELSE t.create_date END AS asked_at) AS q
            """,
            messages=messages,
            inbound=Contact._is_inbound,
            superuser=SUPERUSER_ID,
        )

    # ------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------

    def _fact_values(self, scope):
        branches = [self._get_empty_events()]
        for kind in self._get_ticket_kinds():
            branches.append(self._tickets(scope, kind))
            branches.append(self._ratings(scope, kind))
        return SQL(
            """
            SELECT profile_id,
                   COUNT(created_at) AS ticket_count,
                   COUNT(open_since) AS ticket_open_count,
                   %(oldest)s AS ticket_oldest_open_date,
                   %(last)s AS ticket_last_date,
                   %(closed)s AS ticket_last_closed_date,
                   ROUND(AVG(EXTRACT(EPOCH FROM answered_at - asked_at) / 3600), 2)
                       ::float AS ticket_response_hours,
                   (ARRAY_AGG(rating ORDER BY rated_at DESC, rating_id DESC)
                       FILTER (WHERE rating IS NOT NULL))[1]::float AS rating_last,
                   %(rated)s AS rating_last_date,
                   ROUND(AVG(rating), 2)::float AS rating_avg
              FROM (%(branches)s) AS event
             GROUP BY profile_id
            """,
            oldest=scope.local_date(SQL("MIN(open_since)")),
            last=scope.local_date(SQL("MAX(created_at)")),
            closed=scope.local_date(SQL("MAX(closed_at)")),
            rated=scope.local_date(SQL("MAX(rated_at)")),
            branches=SQL(" UNION ALL ").join(branches),
        )

    def _get_empty_events(self):
        """SQL of an empty result with the columns of all branches."""
        return SQL(
            """
            SELECT NULL::int AS profile_id, NULL::timestamp AS created_at,
                   NULL::timestamp AS open_since, NULL::timestamp AS closed_at,
                   NULL::timestamp AS asked_at, NULL::timestamp AS answered_at,
                   NULL::numeric AS rating, NULL::timestamp AS rated_at,
                   NULL::int AS rating_id
             WHERE FALSE
            """
        )

    def _tickets(self, scope, kind):
        """SQL of the batch's tickets of a kind, one row each."""
        return SQL(
            """
            SELECT b.profile_id, t.create_date,
                   CASE WHEN state.date IS NULL THEN t.create_date
                        WHEN state.is_open THEN state.date END,
                   CASE WHEN NOT state.is_open THEN state.date END,
                   response.asked_at, response.answered_at,
                   NULL::numeric, NULL::timestamp, NULL::int
              FROM lifecycle_batch_contact AS b
              JOIN %(tickets)s ON t.partner_id = b.partner_id
        CROSS JOIN LATERAL (%(response)s) AS response
         LEFT JOIN LATERAL (%(state)s) AS state ON TRUE
             WHERE t.create_date < %(end)s AND %(counts)s
            """,
            response=self._get_response(kind, before=scope.day_end),
            tickets=kind.source,
            state=kind.last_log_row(scope.day_end),
            end=scope.day_end,
            counts=self._is_counted(scope, kind),
        )

    def _ratings(self, scope, kind):
        """SQL of the ratings of the batch's tickets of a kind."""
        return SQL(
            """
            SELECT b.profile_id, NULL::timestamp, NULL::timestamp, NULL::timestamp,
                   NULL::timestamp, NULL::timestamp, r.rating::numeric,
                   %(rated_at)s, r.id
              FROM lifecycle_batch_contact AS b
              JOIN %(tickets)s ON t.partner_id = b.partner_id
              JOIN rating_rating AS r ON r.res_model = %(model)s AND r.res_id = t.id
             WHERE %(is_rating)s AND %(rated_at)s < %(end)s
               AND t.create_date < %(end)s AND %(counts)s
            """,
            rated_at=self._rated_at,
            tickets=kind.source,
            model=kind.model,
            is_rating=self._is_rating,
            end=scope.day_end,
            counts=self._is_counted(scope, kind),
        )

    def _is_counted(self, scope, kind):
        """SQL condition: ticket ``t`` of contact ``b`` counts in this scope."""
        return SQL(
            "%s AND %s AND %s",
            kind.is_ticket,
            kind.in_company(scope.company_id),
            scope.needs_refresh(self._name, "b"),
        )


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
        kinds = Source._get_ticket_kinds()
        if scope.is_full or not kinds:
            # The other source returns the subjects with tickets.
            return SQL("SELECT NULL::int AS partner_id, NULL::int AS lead_id LIMIT 0")
        return SQL(" UNION ALL ").join(
            Source._changed_tickets(scope, kind, condition)
            for kind in kinds
            for condition in (
                Source._is_since(SQL("t.create_date"), scope),
                scope.crosses_cutoff(SQL("t.create_date")),
            )
        )

    def _fact_values(self, scope):
        kinds = self.env["crm.lifecycle.source.ticket"]._get_ticket_kinds()
        tickets = [
            SQL(
                """
                SELECT b.profile_id, t.create_date
                  FROM lifecycle_batch_contact AS b
                  JOIN %(tickets)s ON t.partner_id = b.partner_id
                 WHERE t.create_date < %(end)s AND %(is_ticket)s AND %(in_company)s
                   AND %(is_pending)s
                """,
                tickets=kind.source,
                end=scope.day_end,
                is_ticket=kind.is_ticket,
                in_company=kind.in_company(scope.company_id),
                is_pending=scope.needs_refresh(self._name, "b"),
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
