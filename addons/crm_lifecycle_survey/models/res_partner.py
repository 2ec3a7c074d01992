from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _get_survey_answers(self):
        """Return the survey answers of the contacts and their child contacts."""
        answers = self.env["survey.user_input"]
        return answers.search([("partner_id", "child_of", self.ids)], order="id")
