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
            SQL("SELECT u.partner_id FROM survey_user_input AS u WHERE %s", changed)
            for changed in changes
        ]
        answers.append(
            SQL(
                """
                SELECT u.partner_id
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
            WITH answer AS MATERIALIZED (%s)
            SELECT p.partner_id, NULL::int AS lead_id
              FROM answer AS a
              JOIN res_partner AS c ON c.id = a.partner_id
              JOIN crm_lifecycle_profile AS p ON p.partner_id = c.commercial_partner_id
             WHERE p.company_id = %s
            """,
            SQL(" UNION ").join(answers),
            scope.company_id,
        )

    # ------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------

    def _is_counted_answer(self, scope):
        """SQL condition: answer ``u`` counts in the company."""
        return SQL(
            "u.test_entry IS NOT TRUE AND (u.lifecycle_company_id IS NULL "
            "OR u.lifecycle_company_id = %s)",
            scope.company_id,
        )

    def _fact_values(self, scope):
        return SQL(
            """
            SELECT profile_id, survey_asked_date, nps_last,
                   %(category)s AS nps_category, nps_last_date,
                   ces_last, ces_last_date, csat_last, csat_last_date
              FROM (
                    SELECT b.profile_id, %(asked_on)s AS survey_asked_date, %(kinds)s
                      FROM lifecycle_batch_contact AS b
                      JOIN survey_user_input AS u ON u.partner_id = b.partner_id
                 LEFT JOIN LATERAL (%(lines)s) AS a ON u.state = 'done'
                           AND u.end_datetime < %(end)s
                     WHERE %(is_theirs)s AND u.create_date < %(end)s AND %(is_pending)s
                     GROUP BY b.profile_id
                   ) AS answers
            """,
            category=nps_category(SQL("nps_last")),
            asked_on=scope.local_date(SQL("MAX(u.create_date)")),
            kinds=SQL(", ").join(
                self._get_last_answer(kind, scope) for kind, _name in KINDS
            ),
            lines=self._get_scores(SQL("u.id")),
            is_theirs=self._is_counted_answer(scope),
            end=scope.day_end,
            is_pending=scope.needs_refresh(self._name, "b"),
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
