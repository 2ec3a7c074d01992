from odoo import models
from odoo.tools import SQL

from .survey_question import KINDS

# Lowest NPS score of promoters, and highest of detractors.
PROMOTER, DETRACTOR = 9, 6


def nps_category(score):
    """SQL of the NPS category of a score."""
    return SQL(
        "CASE WHEN %(score)s >= %(promoter)s THEN 'promoter' "
        "WHEN %(score)s <= %(detractor)s THEN 'detractor' "
        "WHEN %(score)s IS NOT NULL THEN 'passive' END",
        score=score,
        promoter=PROMOTER,
        detractor=DETRACTOR,
    )


class CrmLifecycleSourceSurvey(models.AbstractModel):
    """Facts from survey answers and requests.

    The last answer of each kind counts, on the day of the answer.
    """

    _name = "crm.lifecycle.source.survey"
    _inherit = "crm.lifecycle.source"
    _description = "Customer Facts from Surveys"

    _facts = (
        "survey_asked_date",
        "nps_last",
        "nps_category",
        "nps_last_date",
        "ces_last",
        "ces_last_date",
        "csat_last",
        "csat_last_date",
    )

    def _prepare_run(self, scope):
        """Find the customers who answered by a public link since the last run."""
        self.env["crm.lifecycle.survey.respondent"]._find(
            scope.company_id, None if scope.is_full else scope.since
        )

    # ------------------------------------------------------------
    # Changed subjects
    # ------------------------------------------------------------

    def _changed_subjects(self, scope):
        """Return existing customers only: an answer does not create a customer."""
        if scope.is_full:
            return SQL("SELECT NULL::int AS partner_id, NULL::int AS lead_id LIMIT 0")
        changes = [
            SQL("u.write_date >= %s", scope.since),
            scope.crosses_cutoff(SQL("u.create_date")),
            scope.crosses_cutoff(SQL("u.end_datetime")),
        ]
        answers = [
            SQL(
                "SELECT u.id, u.partner_id FROM survey_user_input AS u WHERE %s",
                changed,
            )
            for changed in changes
        ]
        answers.append(
            SQL(
                """
                SELECT u.id, u.partner_id
                  FROM survey_user_input AS u
                 WHERE u.id IN (SELECT l.user_input_id
                                  FROM survey_user_input_line AS l
                                 WHERE l.write_date >= %s)
                """,
                scope.since,
            )
        )
        return SQL(
            """
            WITH answer AS MATERIALIZED (%(answers)s), contact AS (
                SELECT partner_id FROM answer
                 UNION
                SELECT r.partner_id
                  FROM answer AS a
                  JOIN crm_lifecycle_survey_respondent AS r ON r.user_input_id = a.id
                 WHERE r.company_id = %(company)s
            )
            SELECT p.partner_id, NULL::int AS lead_id
              FROM contact AS a
              JOIN res_partner AS c ON c.id = a.partner_id
              JOIN crm_lifecycle_profile AS p ON p.partner_id = c.commercial_partner_id
             WHERE p.company_id = %(company)s
            """,
            answers=SQL(" UNION ").join(answers),
            company=scope.company_id,
        )

    # ------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------

    def _get_answers(self, scope):
        """SQL of the batch's answers: those of contacts, and public ones.

        Columns: ``profile_id``, ``id``, ``state``, ``create_date``, ``end_datetime``.
        """
        return SQL(
            """
            SELECT b.profile_id, u.id, u.state, u.create_date, u.end_datetime
              FROM lifecycle_batch_contact AS b
              JOIN survey_user_input AS u ON u.partner_id = b.partner_id
             WHERE (u.lifecycle_company_id IS NULL
                    OR u.lifecycle_company_id = %(company)s)
               AND %(counts)s
             UNION ALL
            SELECT b.profile_id, u.id, u.state, u.create_date, u.end_datetime
              FROM lifecycle_batch_contact AS b
              JOIN crm_lifecycle_survey_respondent AS r
                ON r.partner_id = b.partner_id AND r.company_id = %(company)s
              JOIN survey_user_input AS u ON u.id = r.user_input_id
             WHERE u.partner_id IS NULL AND %(counts)s
            """,
            company=scope.company_id,
            counts=SQL(
                "u.test_entry IS NOT TRUE AND u.create_date < %s AND %s",
                scope.day_end,
                scope.needs_refresh(self._name, "b"),
            ),
        )

    def _fact_values(self, scope):
        return SQL(
            """
            SELECT profile_id, survey_asked_date, nps_last,
                   %(category)s AS nps_category, nps_last_date,
                   ces_last, ces_last_date, csat_last, csat_last_date
              FROM (
                    SELECT u.profile_id, %(asked_on)s AS survey_asked_date, %(kinds)s
                      FROM (%(answers)s) AS u
                 LEFT JOIN LATERAL (%(lines)s) AS a ON u.state = 'done'
                           AND u.end_datetime < %(end)s
                     GROUP BY u.profile_id
                   ) AS answers
            """,
            category=nps_category(SQL("nps_last")),
            asked_on=scope.local_date(SQL("MAX(u.create_date)")),
            kinds=SQL(", ").join(
                self._get_last_answer(kind, scope) for kind, _name in KINDS
            ),
            answers=self._get_answers(scope),
            lines=self._get_scores(SQL("u.id")),
            end=scope.day_end,
        )

    def _get_last_answer(self, kind, scope):
        """SQL columns of the last answer of a kind, and of its day."""
        return SQL(
            """
            (array_agg(a.score ORDER BY u.end_datetime DESC, a.id DESC)
             FILTER (WHERE a.kind = %(kind)s))[1] AS %(last)s,
            %(day)s AS %(date)s
            """,
            kind=kind,
            last=SQL.identifier(f"{kind}_last"),
            day=scope.local_date(
                SQL("MAX(u.end_datetime) FILTER (WHERE a.kind = %s)", kind)
            ),
            date=SQL.identifier(f"{kind}_last_date"),
        )

    def _get_scores(self, answer):
        """SQL of the scores of an answer: ``id``, ``kind`` and ``score``."""
        return SQL(
            """
            SELECT l.id, q.id AS question_id, q.lifecycle_satisfaction_kind AS kind,
                   l.value_scale AS score
              FROM survey_user_input_line AS l
              JOIN survey_question AS q ON q.id = l.question_id
             WHERE l.user_input_id = %s AND l.answer_type = 'scale'
               AND l.skipped IS NOT TRUE AND q.lifecycle_satisfaction_kind IN %s
            """,
            answer,
            tuple(kind for kind, _name in KINDS),
        )
