from odoo import fields, models
from odoo.tools import SQL

from .survey_question import KINDS


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _lifecycle_timeline_sources(self, limit=None):
        """Add the answers to surveys.

        Salespeople have no access to surveys. Users who may read the customer may see
        the answers. A click on the row opens the contact.
        """
        sources = super()._lifecycle_timeline_sources(limit)
        return [*sources, self._timeline_answers(limit)] if self.partner_id else sources

    def _timeline_answers(self, limit):
        # `sudo()`: only the title of the survey is read.
        Survey = self.env["survey.survey"].sudo()
        scores = SQL(
            """
            SELECT string_agg(CASE q.lifecycle_satisfaction_kind %(names)s END
                              || ' ' || l.value_scale, ', ' ORDER BY l.id)
              FROM survey_user_input_line AS l
              JOIN survey_question AS q ON q.id = l.question_id
             WHERE l.user_input_id = u.id AND l.answer_type = 'scale'
               AND l.skipped IS NOT TRUE AND q.lifecycle_satisfaction_kind IN %(kinds)s
            """,
            names=SQL(" ").join(SQL("WHEN %s THEN %s", *kind) for kind in KINDS),
            kinds=tuple(kind for kind, _name in KINDS),
        )
        return SQL(
            """
            SELECT u.end_datetime, FALSE, 'service', %(label)s, %(title)s,
                   concat_ws(': ', (%(scores)s), (%(comment)s)), NULL, NULL,
                   'res.partner', mine.contact_id
              FROM (SELECT u.id, c.id AS contact_id
                      FROM res_partner AS c
                      JOIN survey_user_input AS u ON u.partner_id = c.id
                     WHERE c.commercial_partner_id = %(partner)s
                     UNION ALL
                    SELECT r.user_input_id, c.id
                      FROM res_partner AS c
                      JOIN crm_lifecycle_survey_respondent AS r
                        ON r.partner_id = c.id AND r.company_id = %(company)s
                     WHERE c.commercial_partner_id = %(partner)s) AS mine
              JOIN survey_user_input AS u ON u.id = mine.id
              JOIN survey_survey AS survey ON survey.id = u.survey_id
             WHERE u.state = 'done'
               AND u.test_entry IS NOT TRUE AND u.end_datetime <= %(now)s
               AND (u.lifecycle_company_id IS NULL
                    OR u.lifecycle_company_id = %(company)s)
             ORDER BY u.end_datetime DESC, u.id DESC %(limit)s
            """,
            label=self.env._("Survey answered"),
            title=Survey._field_to_sql("survey", "title"),
            scores=scores,
            comment=get_comment_sql(SQL("u.id")),
            partner=self.partner_id.id,
            company=self.company_id.id,
            now=fields.Datetime.now(),
            limit=SQL("LIMIT %s", limit) if limit else SQL(),
        )


def get_comment_sql(answer):
    """SQL of the free-text comment of an answer."""
    return SQL(
        """
        SELECT COALESCE(l.value_text_box, l.value_char_box)
          FROM survey_user_input_line AS l
          JOIN survey_question AS q ON q.id = l.question_id
         WHERE l.user_input_id = %s AND q.lifecycle_satisfaction_kind = 'comment'
           AND l.skipped IS NOT TRUE
         ORDER BY l.id
         LIMIT 1
        """,
        answer,
    )
