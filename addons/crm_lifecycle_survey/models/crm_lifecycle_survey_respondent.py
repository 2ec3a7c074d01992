from odoo import api, fields, models
from odoo.tools import SQL


class CrmLifecycleSurveyRespondent(models.Model):
    """Customer who answered by a public link, found by the email that they gave.

    Only answers without a contact have rows, at most one in each company. An address
    that several customers of a company share names none of them. Runs look for the
    customers; a row stays when the address of the contact changes.
    """

    _name = "crm.lifecycle.survey.respondent"
    _description = "Customer of a Public Answer"
    _log_access = False

    user_input_id = fields.Many2one(
        comodel_name="survey.user_input", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner", required=True, index=True, ondelete="cascade"
    )

    _answer_unique = models.UniqueIndex("(user_input_id, company_id)")

    @api.model
    def _find(self, company_id, since=None):
        """Find the customers of a company's public answers, and refresh them.

        :param since: look only at answers, contacts and customers written since then
        """
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH found AS (
                    INSERT INTO crm_lifecycle_survey_respondent
                                (user_input_id, company_id, partner_id)
                    SELECT u.id, p.company_id, MIN(c.id)
                      FROM survey_user_input AS u
                      JOIN res_partner AS c ON c.email_normalized = u.lifecycle_email
                      JOIN crm_lifecycle_profile AS p
                        ON p.partner_id = c.commercial_partner_id
                     WHERE p.company_id = %(company)s AND c.active
                       AND u.lifecycle_email IS NOT NULL
                       AND u.state = 'done' AND u.test_entry IS NOT TRUE
                       AND (u.lifecycle_company_id IS NULL
                            OR u.lifecycle_company_id = p.company_id)
                       AND %(is_new)s
                     GROUP BY u.id, p.company_id
                    HAVING COUNT(DISTINCT p.id) = 1
                        ON CONFLICT DO NOTHING
                 RETURNING company_id, partner_id
                )
                INSERT INTO crm_lifecycle_pending (company_id, partner_res_id)
                SELECT DISTINCT company_id, partner_id FROM found
                """,
                company=company_id,
                is_new=self._is_new(company_id, since) if since else SQL("TRUE"),
            )
        )

    @api.model
    def _is_new(self, company_id, since):
        """Return the SQL condition that answer ``u`` may have a customer to find."""
        return SQL(
            """
            u.id IN (
                SELECT id FROM survey_user_input WHERE write_date >= %(since)s
                 UNION
                SELECT a.id
                  FROM res_partner AS k
                  JOIN survey_user_input AS a ON a.lifecycle_email = k.email_normalized
                 WHERE k.write_date >= %(since)s
                 UNION
                SELECT a.id
                  FROM crm_lifecycle_profile AS n
                  JOIN res_partner AS k ON k.commercial_partner_id = n.partner_id
                  JOIN survey_user_input AS a ON a.lifecycle_email = k.email_normalized
                 WHERE n.create_date >= %(since)s AND n.company_id = %(company)s)
            """,
            since=since,
            company=company_id,
        )
