from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.fields import NullableInteger
from odoo.addons.crm_lifecycle.models.crm_lifecycle_stage import CATEGORIES

# Lowest rating of satisfied customers.
SATISFIED = 4
# Row ids combine ticket, kind and company: `(ticket << KIND_BITS | kind) <<
# COMPANY_BITS | company`.
KIND_BITS, COMPANY_BITS = 4, 16


class CrmLifecycleTicketReport(models.Model):
    """Service tickets of all kinds, with the customer's stage at that time.

    One row for each ticket of a lifecycle customer, with the times until the first
    answer and until closing, and the rating. The CSAT is the share of rated tickets
    with a last rating of 4 or 5.

    Worked example: four tickets. Three were answered after 1, 2 and 6 hours; the
    ratings are 5, 4, 1 and none. The first answer takes 3 hours on average, and the
    CSAT is 2/3.
    """

    _name = "crm.lifecycle.ticket.report"
    _inherit = ["crm.lifecycle.report.mixin"]
    _description = "Service Tickets"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "profile_id"
    _percentiles = {"response_median": ("response_hours", 0.5)}
    _depends = {
        "crm.lifecycle.history": ["profile_id", "to_stage_id", "date"],
        "crm.lifecycle.profile": ["partner_id", "company_id", "user_id"],
        "crm.lifecycle.stage": ["lifecycle_id", "category"],
        "crm.lifecycle.ticket.log": ["res_model", "res_id", "date", "is_open"],
        "mail.message": ["model", "res_id", "date", "author_id"],
        "rating.rating": ["res_model", "res_id", "rating", "consumed"],
        "res.company": ["lifecycle_tz"],
        "res.partner": ["commercial_partner_id"],
    }

    lifecycle_id = fields.Many2one(comodel_name="crm.lifecycle", readonly=True)
    stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage",
        string="Stage then",
        readonly=True,
        help="Where the customer stood on the day of the ticket.",
    )
    stage_category = fields.Selection(
        selection=CATEGORIES, string="Category then", readonly=True
    )
    kind = fields.Char(
        readonly=True, help="The document that serves as a ticket, by its model."
    )
    date = fields.Date(string="Created on", readonly=True)
    ticket_count = fields.Integer(string="Tickets", readonly=True, aggregator="sum")
    open_count = fields.Integer(string="Open", readonly=True, aggregator="sum")
    answered_rate = fields.Float(
        string="Answered (share)",
        readonly=True,
        aggregator="avg",
        help="Of the tickets in which the customer has asked, the share that staff "
        "have answered.",
    )
    response_hours = fields.Float(
        string="Hours until the first answer",
        readonly=True,
        aggregator="avg",
        help="Mean over the tickets that staff have answered. In a ticket that staff "
        "opened, the time begins with the first message of the customer.",
    )
    response_median = fields.Float(
        string="Hours until the first answer (median)", readonly=True, aggregator="avg"
    )
    closing_days = NullableInteger(
        string="Days until closed",
        readonly=True,
        aggregator="avg",
        help="Mean over the tickets that are closed.",
    )
    rating = fields.Float(readonly=True, aggregator="avg")
    satisfied_rate = fields.Float(
        string="CSAT",
        readonly=True,
        aggregator="avg",
        help="Of the tickets that were rated, the share with 4 or 5 of 5.",
    )

    @property
    def _table_query(self):
        # Each column is a subquery, which PostgreSQL skips if the column is not used.
        # The subqueries are inside the UNION branches, so that conditions are applied
        # first.
        return SQL(
            """
            SELECT e.*, 1 AS ticket_count, e.is_open::int AS open_count,
                   e.response_hours AS response_median,
                   (e.rating >= %(satisfied)s)::int AS satisfied_rate
              FROM (%(tickets)s) AS e
            """,
            satisfied=SATISFIED,
            tickets=SQL(" UNION ALL ").join(
                [
                    self._get_empty_tickets(),
                    *(
                        self._get_tickets(place, kind)
                        for place, kind in enumerate(self._get_ticket_kinds())
                    ),
                ]
            ),
        )

    @api.model
    def _get_ticket_kinds(self):
        return self.env["crm.lifecycle.source.ticket"]._get_ticket_kinds()

    @api.model
    def _get_empty_tickets(self):
        """SQL of an empty result with the columns of all kinds."""
        return SQL(
            """
            SELECT NULL::bigint AS id, p.id AS profile_id, p.company_id, %(customer)s,
                   NULL::text AS kind, NULL::date AS date, NULL::int AS stage_id,
                   NULL::int AS lifecycle_id, NULL::varchar AS stage_category,
                   NULL::boolean AS is_open, NULL::int AS answered_rate,
                   NULL::float AS response_hours,
                   NULL::int AS closing_days, NULL::float AS rating
              FROM crm_lifecycle_profile AS p
              %(joins)s
             WHERE FALSE
            """,
            customer=self._get_customer_columns(),
            joins=self._get_customer_joins(),
        )

    @api.model
    def _get_tickets(self, place, kind):
        """SQL of the tickets of a kind, in the same columns.

        The types are exactly those of `_get_empty_tickets`: PostgreSQL skips unused
        columns of a union only if no column needs a cast.
        """
        day = self._get_day(SQL("t.create_date"))
        past_stage = self._get_past_stage(day)
        last = kind.last_log_row()
        Source = self.env["crm.lifecycle.source.ticket"]
        return SQL(
            """
            SELECT ((t.id::bigint << %(kinds)s) + %(place)s << %(companies)s)
                       + p.company_id,
                   p.id, p.company_id, %(customer)s, %(model)s, %(day)s,
                   (%(past_stage)s),
                   (SELECT s.lifecycle_id FROM crm_lifecycle_stage AS s
                     WHERE s.id = (%(past_stage)s)),
                   (SELECT s.category FROM crm_lifecycle_stage AS s
                     WHERE s.id = (%(past_stage)s)),
                   NOT %(closed)s,
                   (SELECT CASE WHEN asked_at IS NOT NULL
                                THEN (answered_at IS NOT NULL)::int END
                      FROM (%(response)s) AS response),
                   (SELECT EXTRACT(EPOCH FROM answered_at - asked_at)::float / 3600
                      FROM (%(response)s) AS response),
                   CASE WHEN %(closed)s THEN
                       (SELECT last.date::date - t.create_date::date
                          FROM (%(last)s) AS last) END,
                   (%(rating)s)
              FROM %(tickets)s
              JOIN res_partner AS holder ON holder.id = t.partner_id
              JOIN crm_lifecycle_profile AS p
                ON p.partner_id = holder.commercial_partner_id
              JOIN res_company AS o ON o.id = p.company_id
              %(joins)s
             WHERE p.active AND %(is_ticket)s AND %(in_company)s
            """,
            kinds=KIND_BITS,
            companies=COMPANY_BITS,
            place=place,
            customer=self._get_customer_columns(),
            model=kind.model,
            day=day,
            past_stage=past_stage,
            closed=kind.is_closed,
            response=Source._get_response(kind),
            last=last,
            rating=self._get_rating(kind),
            tickets=kind.source,
            joins=self._get_customer_joins(),
            is_ticket=kind.is_ticket,
            in_company=kind.in_company(SQL("p.company_id")),
        )

    @api.model
    def _get_day(self, moment):
        """SQL of the date of a moment in the company's time zone."""
        return SQL(
            "(%s AT TIME ZONE 'UTC' "
            "AT TIME ZONE COALESCE(o.lifecycle_tz, 'UTC'))::date",
            moment,
        )

    @api.model
    def _get_past_stage(self, day):
        """SQL of the stage of the customer at the end of a day."""
        return SQL(
            """
            SELECT h.to_stage_id FROM crm_lifecycle_history AS h
             WHERE h.profile_id = p.id AND h.date <= %s
               AND h.is_voided IS NOT TRUE
             -- the stages of a profile that was merged come last
             ORDER BY h.merge_id IS NOT NULL, h.date DESC, h.id DESC LIMIT 1
            """,
            day,
        )

    @api.model
    def _get_rating(self, kind):
        """SQL of the last rating of the ticket."""
        Source = self.env["crm.lifecycle.source.ticket"]
        return SQL(
            """
            SELECT r.rating FROM rating_rating AS r
             WHERE r.res_model = %s AND r.res_id = t.id AND %s
             ORDER BY %s DESC, r.id DESC LIMIT 1
            """,
            kind.model,
            Source._is_rating,
            Source._rated_at,
        )
