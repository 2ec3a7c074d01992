from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.models.crm_lifecycle_stage import CATEGORIES

from ..models.crm_lifecycle_profile import CATEGORIES as NPS_CATEGORIES
from ..models.crm_lifecycle_profile_timeline import get_comment_sql
from ..models.crm_lifecycle_source_survey import nps_category
from ..models.survey_question import KINDS

# Row ids combine answer and company: `line << COMPANY_BITS | company`.
COMPANY_BITS = 20


class CrmLifecycleSatisfactionReport(models.Model):
    """Score that a customer gave, with their stage at that time.

    The NPS of any group of answers is the average of ``nps``: 100 for promoters, 0 for
    passives, -100 for detractors. ``nps_latest`` is the same over the latest answer of
    each respondent in the group, so that frequent answers of one person count once.

    Worked example: one answer of each score from 0 to 10. Two are promoters (9, 10),
    seven are detractors (0 to 6): 100 × 2 / 11 - 100 × 7 / 11 = -45.45.
    """

    _name = "crm.lifecycle.satisfaction.report"
    _description = "Satisfaction"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "profile_id"
    _depends = {
        "crm.lifecycle.history": ["profile_id", "to_stage_id", "date"],
        "crm.lifecycle.profile": ["partner_id", "company_id", "user_id"],
        "crm.lifecycle.stage": ["lifecycle_id", "category"],
        "crm.lifecycle.survey.respondent": [
            "company_id",
            "partner_id",
            "user_input_id",
        ],
        "res.company": ["lifecycle_tz"],
        "res.partner": ["commercial_partner_id"],
        "survey.question": ["lifecycle_satisfaction_kind"],
        "survey.user_input": [
            "end_datetime",
            "lifecycle_company_id",
            "partner_id",
            "state",
            "test_entry",
        ],
        "survey.user_input.line": [
            "answer_type",
            "question_id",
            "skipped",
            "user_input_id",
            "value_char_box",
            "value_scale",
            "value_text_box",
        ],
    }

    profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile", string="Customer", readonly=True
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner", string="Who answered", readonly=True
    )
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    user_id = fields.Many2one(
        comodel_name="res.users", string="Salesperson", readonly=True
    )
    lifecycle_id = fields.Many2one(comodel_name="crm.lifecycle", readonly=True)
    stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage",
        string="Stage then",
        readonly=True,
        help="Where the customer stood when they answered.",
    )
    stage_category = fields.Selection(
        selection=CATEGORIES, string="Category then", readonly=True
    )
    survey_title = fields.Char(string="Survey", readonly=True, translate=False)
    kind = fields.Selection(selection=KINDS, string="Measure", readonly=True)
    date = fields.Date(string="Answered on", readonly=True)
    score = fields.Integer(readonly=True, aggregator="avg")
    nps_category = fields.Selection(
        selection=NPS_CATEGORIES, string="NPS group", readonly=True
    )
    nps = fields.Float(
        string="NPS",
        readonly=True,
        digits=(16, 1),
        aggregator="avg",
        help="Percentage of promoters less that of detractors.",
    )
    nps_latest = fields.Float(
        string="NPS (latest answers)",
        readonly=True,
        digits=(16, 1),
        aggregator="avg",
        help="NPS of the latest answer of each respondent in the group: a respondent "
        "counts once, however often they answered.",
    )
    comment = fields.Text(readonly=True)

    @property
    def _table_query(self):
        # The stage is a subquery, which PostgreSQL skips if the column is not used.
        return SQL(
            """
            SELECT a.*, s.lifecycle_id, s.category AS stage_category
              FROM (%(answers)s) AS a
         LEFT JOIN crm_lifecycle_stage AS s ON s.id = a.stage_id
            """,
            answers=self._get_answers(),
        )

    def _read_group_select(self, aggregate_spec, query):
        """Compute the NPS of the latest answers at each level of a pivot."""
        name, _colon, function = aggregate_spec.partition(":")
        if name != "nps_latest" or function != "avg":
            return super()._read_group_select(aggregate_spec, query)

        def gather(column):
            return SQL(
                "array_agg(%(table)s.%(column)s)"
                " FILTER (WHERE %(table)s.nps IS NOT NULL)",
                table=SQL.identifier(self._table),
                column=SQL.identifier(column),
            )

        columns = ("partner_id", "company_id", "answered_at", "id", "nps")
        return SQL(
            """
            (SELECT AVG(nps)
               FROM (SELECT DISTINCT ON (respondent, company) nps
                       FROM unnest(%s) AS a (respondent, company, moment, id, nps)
                      ORDER BY respondent, company, moment DESC, id DESC) AS latest)
            """,
            SQL(", ").join(map(gather, columns)),
        )

    def _get_answers(self):
        """SQL of the answers, with the stage of the customer at that time."""
        contacts = self._get_scores(
            SQL("survey_user_input AS u"),
            SQL("u.partner_id"),
            SQL(
                "(u.lifecycle_company_id IS NULL"
                " OR u.lifecycle_company_id = p.company_id)"
            ),
        )
        public = self._get_scores(
            SQL(
                "crm_lifecycle_survey_respondent AS r"
                " JOIN survey_user_input AS u"
                " ON u.id = r.user_input_id AND u.partner_id IS NULL"
            ),
            SQL("r.partner_id"),
            SQL("r.company_id = p.company_id"),
        )
        # Subqueries outside the union are skipped if their column is not used.
        return SQL(
            """
            SELECT a.*, (%(past_stage)s) AS stage_id, (%(comment)s) AS comment
              FROM (%(contacts)s UNION ALL %(public)s) AS a
            """,
            past_stage=self._get_past_stage(),
            comment=get_comment_sql(SQL("a.answer_id")),
            contacts=contacts,
            public=public,
        )

    def _get_scores(self, answers, contact, in_company):
        """SQL of the scores of some answers ``u``.

        :param contact: SQL of who answered
        :param in_company: SQL condition that the answer counts for customer ``p``
        """
        return SQL(
            """
            SELECT (l.id::bigint << %(shift)s) + p.company_id AS id,
                   p.id AS profile_id, %(contact)s AS partner_id, p.company_id,
                   p.user_id, u.id AS answer_id, %(title)s AS survey_title,
                   q.lifecycle_satisfaction_kind AS kind, %(day)s AS date,
                   u.end_datetime AS answered_at, l.value_scale AS score,
                   CASE WHEN %(is_nps)s THEN %(category)s END AS nps_category,
                   CASE WHEN %(is_nps)s THEN %(nps)s END AS nps,
                   CASE WHEN %(is_nps)s THEN %(nps)s END AS nps_latest
              FROM %(answers)s
              JOIN survey_user_input_line AS l ON l.user_input_id = u.id
              JOIN survey_question AS q ON q.id = l.question_id
         LEFT JOIN survey_survey AS survey ON survey.id = u.survey_id
              JOIN res_partner AS c ON c.id = %(contact)s
              JOIN crm_lifecycle_profile AS p ON p.partner_id = c.commercial_partner_id
               AND %(in_company)s
              JOIN res_company AS o ON o.id = p.company_id
             WHERE q.lifecycle_satisfaction_kind IN %(kinds)s
               AND l.answer_type = 'scale'
               AND l.skipped IS NOT TRUE AND u.state = 'done'
               AND p.active AND u.test_entry IS NOT TRUE AND u.end_datetime IS NOT NULL
            """,
            shift=COMPANY_BITS,
            contact=contact,
            answers=answers,
            in_company=in_company,
            # `sudo()`: users who may read answers may read the title of the survey.
            title=self.env["survey.survey"].sudo()._field_to_sql("survey", "title"),
            is_nps=SQL("q.lifecycle_satisfaction_kind = 'nps'"),
            category=nps_category(SQL("l.value_scale")),
            nps=SQL(
                "CASE %s WHEN 'promoter' THEN 100.0"
                " WHEN 'detractor' THEN -100.0 ELSE 0.0 END",
                nps_category(SQL("l.value_scale")),
            ),
            day=self._get_day(),
            kinds=tuple(kind for kind, _name in KINDS),
        )

    def _get_day(self):
        """SQL of the date of an answer in the company's time zone."""
        return SQL(
            "(u.end_datetime AT TIME ZONE 'UTC' "
            "AT TIME ZONE COALESCE(o.lifecycle_tz, 'UTC'))::date"
        )

    def _get_past_stage(self):
        """SQL of the stage of the customer at the time of the answer.

        Of the moves on the same day, only those before the answer count: the answer
        itself may cause later ones.
        """
        return SQL(
            """
            SELECT h.to_stage_id
              FROM crm_lifecycle_history AS h
             WHERE h.profile_id = a.profile_id AND h.date <= a.date
               AND h.is_voided IS NOT TRUE
               AND (h.date < a.date OR h.create_date <= a.answered_at)
             -- the stages of a profile that was merged come last
             ORDER BY h.merge_id IS NOT NULL, h.date DESC, h.id DESC
             LIMIT 1
            """
        )
