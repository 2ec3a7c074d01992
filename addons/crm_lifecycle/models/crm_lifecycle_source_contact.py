from dataclasses import dataclass
from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL


@dataclass(frozen=True)
class DocumentType:
    """Kind of document on which users and customers communicate.

    ``partner`` is the column of its contact; ``lead`` that of its lead, for documents
    that may have no contact; ``company`` that of its company, if any.
    """

    model: str
    table: str
    partner: str
    company: str | None = None
    lead: str | None = None

    def subjects(self) -> SQL:
        """Return the SQL of the documents: res_id, partner_id, lead_id, company_id."""
        return SQL(
            "SELECT id AS res_id, %s AS partner_id, %s AS lead_id, %s AS company_id "
            "FROM %s",
            SQL.identifier(self.partner),
            SQL.identifier(self.lead) if self.lead else SQL("NULL::int"),
            SQL.identifier(self.company) if self.company else SQL("NULL::int"),
            SQL.identifier(self.table),
        )


class CrmLifecycleSourceContact(models.AbstractModel):
    """Facts from messages, meetings and activities with the customer."""

    _name = "crm.lifecycle.source.contact"
    _inherit = "crm.lifecycle.source"
    _description = "Customer Facts from Messages, Meetings and Activities"

    _facts = ("last_contact_date", "last_inbound_date", "next_activity_date")

    # Emails from the customer, text messages, and messages to the customer on a
    # document. Internal notes, system messages and mailings are excluded: they would
    # hide that no one is in contact with a customer.
    _is_contact = SQL(
        """
        (m.message_type IN ('email', 'sms', 'whatsapp_message')
         OR m.message_type = 'comment' AND m.is_internal IS NOT TRUE
            AND m.subtype_id IN (SELECT id FROM mail_message_subtype
                                  WHERE internal IS NOT TRUE))
        """
    )
    _is_inbound = SQL(
        """
        (m.message_type IN ('email', 'comment')
         AND COALESCE(m.author_id, 0) NOT IN (SELECT partner_id FROM res_users
                                               WHERE share IS NOT TRUE))
        """
    )

    # Whether all guests of meeting `e` of a lead declined. Guests are the contacts of
    # customer `b.partner_id`; without any, all attendees except staff.
    _is_declined = SQL(
        """
        (SELECT COALESCE(
                    bool_and(a.state = 'declined')
                        FILTER (WHERE c.commercial_partner_id = b.partner_id),
                    bool_and(a.state = 'declined'),
                    FALSE)
           FROM calendar_attendee AS a
           JOIN res_partner AS c ON c.id = a.partner_id
          WHERE a.event_id = e.id AND a.state IS NOT NULL
            AND NOT EXISTS (SELECT FROM res_users AS u
                             WHERE u.partner_id = a.partner_id
                               AND u.share IS NOT TRUE))
        """
    )

    @api.model
    def _get_document_types(self):
        """Extension point: return each `DocumentType` used for communication."""
        return [
            DocumentType("res.partner", "res_partner", partner="id"),
            DocumentType("crm.lead", "crm_lead", partner="partner_id", lead="id"),
            DocumentType(
                "crm.lifecycle.profile",
                "crm_lifecycle_profile",
                partner="partner_id",
                lead="lead_id",
                company="company_id",
            ),
        ]

    # ------------------------------------------------------------
    # Changes
    # ------------------------------------------------------------

    def _changed_subjects(self, scope):
        """Return existing customers only: a message alone makes no customer."""
        if scope.is_full:
            return SQL("SELECT NULL::int AS partner_id, NULL::int AS lead_id LIMIT 0")
        return SQL(
            """
            WITH message AS MATERIALIZED (%(messages)s),
                 activity AS MATERIALIZED (%(activities)s),
                 conversation AS MATERIALIZED (%(conversations)s)
            SELECT p.partner_id, NULL::int AS lead_id
              FROM conversation AS s
              JOIN res_partner AS c ON c.id = s.partner_id
              JOIN crm_lifecycle_profile AS p ON p.partner_id = c.commercial_partner_id
             WHERE p.company_id = %(company)s
             UNION
            SELECT NULL, p.lead_id
              FROM conversation AS s
              JOIN crm_lifecycle_profile AS p ON p.lead_id = s.lead_id
             WHERE p.company_id = %(company)s
            """,
            messages=self._changed_messages(scope),
            activities=self._changed_activities(scope),
            conversations=SQL(" UNION ").join(
                [
                    *map(self._changed_documents, self._get_document_types()),
                    self._changed_meetings(scope),
                ]
            ),
            company=scope.company_id,
        )

    def _changed_messages(self, scope):
        """Return the SQL of the documents with new messages, for all kinds at once."""
        return SQL(
            """
            SELECT m.model, m.res_id
              FROM mail_message AS m
             WHERE m.model = ANY(%s) AND (m.write_date >= %s OR %s) AND %s
            """,
            [document_type.model for document_type in self._get_document_types()],
            scope.since,
            scope.crosses_cutoff(SQL("m.date")),
            self._is_contact,
        )

    def _changed_activities(self, scope):
        """Return the SQL of the documents with activities planned or done."""
        return SQL(
            """
            SELECT a.res_model, a.res_id
              FROM mail_activity AS a
             WHERE a.res_model = ANY(%s) AND (a.write_date >= %s OR %s OR %s)
            """,
            [document_type.model for document_type in self._get_document_types()],
            scope.since,
            scope.crosses_cutoff(SQL("a.create_date")),
            scope.date_crosses_cutoff(SQL("a.date_done")),
        )

    def _changed_documents(self, document_type):
        """Return the SQL of the customers of the changed documents of a kind."""
        return SQL(
            """
            SELECT d.partner_id, d.lead_id
              FROM (SELECT model, res_id FROM message
                     UNION SELECT * FROM activity) AS t (model, res_id)
              JOIN (%s) AS d ON d.res_id = t.res_id
             WHERE t.model = %s
            """,
            document_type.subjects(),
            document_type.model,
        )

    def _changed_meetings(self, scope):
        """Return the SQL of the attendees and leads of the changed meetings.

        A meeting of several days counts differently on each of them. The start of an
        all-day meeting is in no time zone, hence the margin of a day.
        """
        changed = SQL(
            """
            (e.write_date >= %(since)s OR %(under_way)s
             OR e.id IN (SELECT event_id FROM calendar_attendee
                          WHERE write_date >= %(since)s))
            """,
            since=scope.since,
            under_way=scope.span_crosses_cutoff(
                SQL("e.start"), SQL("e.stop"), margin=timedelta(days=1)
            ),
        )
        return SQL(
            """
            SELECT r.res_partner_id, NULL::int
              FROM calendar_event AS e
              JOIN calendar_event_res_partner_rel AS r ON r.calendar_event_id = e.id
             WHERE %(changed)s
             UNION
            SELECT l.partner_id, l.id
              FROM calendar_event AS e
              JOIN crm_lead AS l ON l.id = e.opportunity_id
             WHERE %(changed)s
            """,
            changed=changed,
        )

    # ------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------

    def _fact_values(self, scope):
        """Use one branch per kind of document, so that each uses its own index."""
        branches = [self._meetings(scope)]
        for document_type in self._get_document_types():
            branches.append(self._messages(scope, document_type))
            branches.append(self._activities(scope, document_type))
        return SQL(
            """
            SELECT profile_id,
                   GREATEST(%(contact)s, MAX(done_date)) AS last_contact_date,
                   %(inbound)s AS last_inbound_date,
                   MIN(planned_date) AS next_activity_date
              FROM (%(branches)s) AS event (
                   profile_id, contact_at, inbound_at, done_date, planned_date)
             GROUP BY profile_id
            """,
            contact=scope.local_date(SQL("MAX(contact_at)")),
            inbound=scope.local_date(SQL("MAX(inbound_at)")),
            branches=SQL(" UNION ALL ").join(branches),
        )

    def _messages(self, scope, document_type):
        """Return the SQL of the messages on the batch's documents of a kind."""
        return SQL(
            """
            SELECT d.profile_id, m.date, CASE WHEN %(inbound)s THEN m.date END,
                   NULL::date, NULL::date
              FROM (%(documents)s) AS d
              JOIN mail_message AS m ON m.model = %(model)s AND m.res_id = d.res_id
             WHERE m.date < %(end)s AND %(contact)s
            """,
            documents=self._batch_documents(scope, document_type),
            model=document_type.model,
            inbound=self._is_inbound,
            contact=self._is_contact,
            end=scope.day_end,
        )

    def _activities(self, scope, document_type):
        """Return the SQL of the activities on the batch's documents of a kind."""
        return SQL(
            """
            SELECT d.profile_id, NULL::timestamp, NULL::timestamp,
                   CASE WHEN NOT a.active AND a.date_done <= %(as_of)s
                             AND t.category IS DISTINCT FROM 'upload_file'
                        THEN a.date_done END,
                   CASE WHEN a.active OR a.date_done > %(as_of)s
                        THEN a.date_deadline END
              FROM (%(documents)s) AS d
              JOIN mail_activity AS a
                ON a.res_model = %(model)s AND a.res_id = d.res_id
         LEFT JOIN mail_activity_type AS t ON t.id = a.activity_type_id
             WHERE a.create_date < %(end)s
            """,
            documents=self._batch_documents(scope, document_type),
            model=document_type.model,
            as_of=scope.as_of,
            end=scope.day_end,
        )

    def _meetings(self, scope):
        """Return the SQL of the meetings with the batch's contacts or leads."""
        return SQL(
            """
            SELECT d.profile_id, NULL::timestamp, NULL::timestamp, %(day)s, NULL::date
              FROM lifecycle_batch_contact AS d
              JOIN calendar_event_res_partner_rel AS r
                ON r.res_partner_id = d.partner_id
              JOIN calendar_event AS e ON e.id = r.calendar_event_id
             WHERE e.active AND %(has_begun)s AND %(is_pending)s
               AND NOT EXISTS (
                   SELECT FROM calendar_attendee AS a
                    WHERE a.event_id = e.id AND a.partner_id = d.partner_id
                      AND a.state = 'declined')
             UNION ALL
            SELECT d.profile_id, NULL, NULL, %(day)s, NULL
              FROM lifecycle_batch_lead AS d
              JOIN lifecycle_batch AS b ON b.profile_id = d.profile_id
              JOIN calendar_event AS e ON e.opportunity_id = d.lead_id
             WHERE e.active AND %(has_begun)s AND %(is_pending)s
               AND NOT %(is_declined)s
            """,
            day=self._get_meeting_day(scope),
            # The day of an all-day meeting is the same in every time zone.
            has_begun=SQL(
                "CASE WHEN e.allday THEN e.start::date <= %s ELSE e.start < %s END",
                scope.as_of,
                scope.day_end,
            ),
            is_pending=scope.needs_refresh(self._name, "d"),
            is_declined=self._is_declined,
        )

    def _get_meeting_day(self, scope):
        """Return the SQL of the last day of meeting ``e`` up to the day of the scope.

        A meeting that ends at midnight doesn't count on the day that begins then.
        """
        return SQL(
            """
            CASE WHEN e.allday THEN LEAST(e.stop::date, %(as_of)s)
                 ELSE %(day)s END
            """,
            as_of=scope.as_of,
            day=scope.local_date(
                SQL(
                    "GREATEST(e.start, LEAST(e.stop, %s) - interval '1 second')",
                    scope.day_end,
                )
            ),
        )

    def _batch_documents(self, scope, document_type):
        """Return the SQL of the batch's documents of a kind: profile_id, res_id."""
        is_pending = scope.needs_refresh(self._name, "b")
        own = {
            "crm.lead": ("lead_id", "lifecycle_batch_lead"),
            "res.partner": ("partner_id", "lifecycle_batch_contact"),
            "crm.lifecycle.profile": ("profile_id", "lifecycle_batch"),
        }
        if document_type.model in own:
            column, table = map(SQL.identifier, own[document_type.model])
            return SQL(
                "SELECT b.profile_id, b.%s AS res_id FROM %s AS b WHERE %s",
                column,
                table,
                is_pending,
            )
        return SQL(
            """
            SELECT b.profile_id, d.res_id
              FROM lifecycle_batch_contact AS b
              JOIN (%s) AS d ON d.partner_id = b.partner_id
             WHERE (d.company_id IS NULL OR d.company_id = %s) AND %s
            """,
            document_type.subjects(),
            scope.company_id,
            is_pending,
        )

    # ------------------------------------------------------------
    # Deletions
    # ------------------------------------------------------------

    @api.model
    def _mark_changed_documents_pending(self, changes, model_field):
        """Put the customers of the old and the new documents on the work list.

        :param changes: SQL of messages or activities that change their document, see
            `crm.lifecycle.owner.mixin._get_owner_changes`
        :param model_field: the name of their field with the model of the document
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT %(model)s, array_agg(o.res_id)
                  FROM %(changes)s
                  CROSS JOIN LATERAL (SELECT old.* UNION ALL SELECT new.*) AS o
                 WHERE o.res_id IS NOT NULL
                 GROUP BY %(model)s
                """,
                model=SQL.identifier("o", model_field),
                changes=changes,
            )
        )
        for model, res_ids in rows:
            self._mark_documents_pending(model, res_ids)

    @api.model
    def _mark_documents_pending(self, model, res_ids):
        """Put the customers of some documents on the work list.

        Called before one of their messages, activities or meetings is deleted.
        """
        documents = [item for item in self._get_document_types() if item.model == model]
        if not documents or not res_ids:
            return
        self.env.cr.execute(
            SQL(
                """
                WITH d AS (
                    SELECT * FROM (%s) AS document WHERE res_id = ANY(%s)
                )
                INSERT INTO crm_lifecycle_pending
                            (company_id, partner_res_id, lead_res_id)
                SELECT p.company_id, p.partner_id, NULL
                  FROM d
                  JOIN res_partner AS c ON c.id = d.partner_id
                  JOIN crm_lifecycle_profile AS p
                    ON p.partner_id = c.commercial_partner_id
                 UNION
                SELECT p.company_id, NULL, p.lead_id
                  FROM d
                  JOIN crm_lifecycle_profile AS p ON p.lead_id = d.lead_id
                """,
                documents[0].subjects(),
                list(res_ids),
            )
        )
