"""The timeline of a customer: the events of all installed sources."""

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL, html2plaintext

from ..access import is_readable

# The columns that each source returns, in this order.
COLUMNS = (
    "moment",
    "is_day",
    "kind",
    "label",
    "title",
    "detail",
    "amount",
    "currency_id",
    "res_model",
    "res_id",
)
# Number of characters shown of a message, and read of its HTML.
SUMMARY_LENGTH, READ_LENGTH = 160, 4000


class Timeline:
    """The events of one customer that the reader may read.

    Each source searches its documents as the user, so that record rules apply; one
    statement queries all sources. Addons add sources and kinds with the extension
    points of the profile.
    """

    def __init__(self, profile):
        self.profile = profile
        self.env = profile.env

    def get(self, limit, kinds=()):
        """Return the latest events, as dictionaries of `COLUMNS`, newest first."""
        self.profile.check_access("read")
        rows = self.env.execute_query_dict(
            SQL(
                "%s WHERE %s ORDER BY moment DESC, kind DESC, res_id DESC LIMIT %s",
                self._get_sql(None if kinds else limit),
                SQL("kind = ANY(%s)", list(kinds)) if kinds else SQL("TRUE"),
                limit,
            )
        )
        self._format_moves([row for row in rows if row["kind"] == "stage"])
        for row in rows:
            row["moment"] = fields.Datetime.to_string(row["moment"])
            row["amount"] = row["amount"] and float(row["amount"])
            row["currency_id"] = row["currency_id"] or self.profile.currency_id.id
            row["detail"] = get_beginning(row["detail"])
            if not row["title"]:
                row["title"], row["detail"] = row["detail"], None
        return rows

    def count(self):
        """Return ``{kind: (events of 12 months, of the 12 months before)}``."""
        self.profile.check_access("read")
        rows = self.env.execute_query(
            SQL(
                """
                SELECT kind, COUNT(*) FILTER (WHERE moment > %(last)s),
                       COUNT(*) FILTER (WHERE moment <= %(last)s)
                  FROM (%(events)s) AS e
                 WHERE moment > %(previous)s
                 GROUP BY kind
                """,
                events=self._get_sql(),
                last=fields.Datetime.subtract(fields.Datetime.now(), months=12),
                previous=fields.Datetime.subtract(fields.Datetime.now(), months=24),
            )
        )
        return {kind: (last, previous) for kind, last, previous in rows}

    def _get_sql(self, limit=None):
        """Return SQL of all sources together, with the columns `COLUMNS`."""
        self.env.flush_all()
        return SQL(
            "SELECT * FROM (%s) AS event (%s)",
            SQL(" UNION ALL ").join(
                SQL("(%s)", source)
                for source in self.profile._lifecycle_timeline_sources(limit)
            ),
            SQL(", ").join(map(SQL.identifier, COLUMNS)),
        )

    def _format_moves(self, rows):
        """Describe moves in words: the stages, and the reason."""
        History = self.env["crm.lifecycle.history"]
        for row in rows:
            move = History.browse([row["res_id"]]).with_prefetch(
                [other["res_id"] for other in rows]
            )
            names = [
                stage.name for stage in (move.from_stage_id, move.to_stage_id) if stage
            ]
            row["title"] = " → ".join(names)
            row["detail"] = move.explanation

    # ------------------------------------------------------------
    # Sources
    # ------------------------------------------------------------

    def get_sources(self, limit):
        """Return SQL selects of `COLUMNS` for the documents of the base addon."""
        sources = [self._search_moves(limit), *self._search_leads(limit)]
        sources += self._search_meetings(limit)
        for document_type in self.env[
            "crm.lifecycle.source.contact"
        ]._get_document_types():
            documents = self._search_documents(document_type)
            if documents:
                sources += self.profile._get_conversations_sql(
                    document_type.model, documents, limit
                )
        return [source for source in sources if source]

    def search(
        self,
        model,
        domain,
        *,
        kind,
        label,
        date,
        title,
        detail=None,
        amount=None,
        currency=None,
        limit=None,
    ):
        """Return SQL of the documents of a model as events, see `_get_events_sql`."""
        Model = self.env[model].with_context(active_test=False)
        if not is_readable(Model):
            return None
        is_day = Model._fields[date].type == "date"
        past = Domain(date, "<=", "today" if is_day else fields.Datetime.now())
        query = Model._search(
            Domain(domain) & past, order=f"{date} desc, id desc", limit=limit
        )

        def column(path):
            return self._get_column_sql(Model, path, query)

        return query.select(
            self._get_moment_sql(column(date), is_day),
            SQL("%s", is_day),
            SQL("%s::text", kind),
            SQL("%s::text", label),
            SQL("%s::text", column(title)),
            SQL("%s::text", column(detail)),
            SQL("%s::numeric", column(amount)),
            SQL("%s::int", column(currency)),
            SQL("%s::text", model),
            SQL("%s::int", SQL.identifier(query.table, "id")),
        )

    def _get_moment_sql(self, column, is_day):
        """Return SQL of the moment (UTC) of a date field; a day counts as its end."""
        if not is_day:
            return column
        return SQL(
            "(%s + interval '1 day' - interval '1 second')"
            " AT TIME ZONE %s AT TIME ZONE 'UTC'",
            column,
            self.env.tz.zone,
        )

    def _get_column_sql(self, Model, path, query):
        """Return SQL of a field, or of a path to one, of the records of a query."""
        if not path:
            return SQL("NULL")
        *steps, name = path.split(".")
        alias = query.table
        for step in steps:
            Model, alias = Model._fields[step].join(Model, alias, query)
        return Model._field_to_sql(alias, name, query)

    def _search_moves(self, limit):
        """Return SQL of the moves; their texts are added later."""
        return self.profile._get_events_sql(
            "crm.lifecycle.history",
            [("profile_id", "=", self.profile.id)],
            kind="stage",
            label=self.env._("Stage"),
            date="date",
            title=None,
            limit=limit,
        )

    def _search_leads(self, limit):
        mine = self.profile._get_customer_domain(lead="id", company="company_id")
        common = {
            "kind": "sale",
            "date": "create_date",
            "title": "name",
            "detail": "source_id.name",
            "amount": "expected_revenue",
            "limit": limit,
        }
        closed = {**common, "date": "date_closed", "detail": "lost_reason_id.name"}
        events = [
            (
                Domain("type", "=", "lead"),
                {
                    **common,
                    "kind": "marketing",
                    "label": self.env._("Lead"),
                    "amount": None,
                },
            ),
            (
                Domain("type", "=", "opportunity"),
                {**common, "label": self.env._("Opportunity")},
            ),
            (
                Domain("won_status", "=", "won"),
                {**closed, "label": self.env._("Won"), "detail": None},
            ),
            (
                Domain("won_status", "=", "lost"),
                {**closed, "label": self.env._("Lost")},
            ),
        ]
        return [
            self.profile._get_events_sql("crm.lead", mine & domain, **words)
            for domain, words in events
        ]

    def _search_meetings(self, limit):
        """Return SQL selects of the meetings, except private ones of other users.

        A meeting that the customer declined is left out. An all-day meeting has a day
        in no time zone.
        """
        Event = self.env["calendar.event"]
        leads = self.profile._get_customer_domain(lead="id", company="company_id")
        guests = self.profile._get_customer_domain("partner_id")
        mine = self.profile._get_customer_domain("partner_ids") | Domain(
            "opportunity_id", "any", leads
        )
        mine &= ~Domain(
            "attendee_ids", "any", guests & Domain("state", "=", "declined")
        ) | Domain("attendee_ids", "any", guests & Domain("state", "!=", "declined"))
        visible = Domain(Event._get_default_privacy_domain()) | Domain(
            "partner_ids", "in", self.env.user.partner_id.ids
        )
        return [
            self.profile._get_events_sql(
                "calendar.event",
                mine
                & visible
                & Domain("active", "=", True)
                & Domain("allday", "=", is_allday),
                kind="contact",
                label=self.env._("Meeting"),
                date=date,
                title="name",
                detail="location",
                limit=limit,
            )
            for is_allday, date in ((False, "start"), (True, "start_date"))
        ]

    def _search_documents(self, document_type):
        """Return SQL of the customer's documents of a kind that the user may read."""
        Model = self.env[document_type.model].with_context(active_test=False)
        if not is_readable(Model):
            return None
        if document_type.model == self.profile._name:
            domain = Domain("id", "=", self.profile.id)
        else:
            domain = self.profile._get_customer_domain(
                document_type.partner, document_type.lead, document_type.company
            )
        return Model._search(domain).subselect()

    def get_conversations(self, model, documents, limit):
        """Return SQL of the messages and activities on some documents."""
        return [
            self._search_messages(model, documents, limit),
            self._search_activities(model, documents, limit),
        ]

    def _search_messages(self, model, documents, limit):
        Source = self.env["crm.lifecycle.source.contact"]
        return SQL(
            """
            SELECT m.date, FALSE, 'contact', CASE WHEN %(inbound)s
                        THEN %(from_customer)s ELSE %(to_customer)s END,
                   NULLIF(m.subject, %(name)s), left(m.body, %(read)s), NULL, NULL,
                   m.model, m.res_id
              FROM mail_message AS m
             WHERE m.model = %(model)s AND m.res_id IN %(documents)s
               AND m.date <= %(now)s AND %(contact)s
             ORDER BY m.date DESC, m.id DESC %(limit)s
            """,
            inbound=Source._is_inbound,
            contact=Source._is_contact,
            from_customer=self.env._("Message from the customer"),
            to_customer=self.env._("Message to the customer"),
            name=self.profile.display_name,  # Odoo's subject if none was given
            read=READ_LENGTH,
            model=model,
            documents=documents,
            now=fields.Datetime.now(),
            limit=SQL("LIMIT %s", limit) if limit else SQL(),
        )

    def _search_activities(self, model, documents, limit):
        return SQL(
            """
            SELECT (a.date_done + interval '1 day' - interval '1 second')
                   AT TIME ZONE %(tz)s AT TIME ZONE 'UTC', TRUE, 'contact',
                   COALESCE(t.name->>%(lang)s, t.name->>'en_US', %(label)s),
                   NULLIF(a.summary, ''), a.feedback, NULL, NULL,
                   a.res_model, a.res_id
              FROM mail_activity AS a
         LEFT JOIN mail_activity_type AS t ON t.id = a.activity_type_id
             WHERE a.res_model = %(model)s AND a.res_id IN %(documents)s
               AND NOT a.active AND a.date_done IS NOT NULL
             ORDER BY a.date_done DESC, a.id DESC %(limit)s
            """,
            tz=self.env.tz.zone,
            lang=self.env.lang or "en_US",
            label=self.env._("Activity"),
            model=model,
            documents=documents,
            limit=SQL("LIMIT %s", limit) if limit else SQL(),
        )


def get_beginning(text):
    """Return the first words of a text or of HTML, on one line."""
    if not text:
        return None
    words = " ".join(html2plaintext(text, include_references=False).split())
    return (
        words
        if len(words) <= SUMMARY_LENGTH
        else words[: SUMMARY_LENGTH - 1].rstrip() + "…"
    )
