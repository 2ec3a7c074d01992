from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _get_survey_answers(self):
        """Return the surveys that the contacts, and those below them, have answered."""
        answers = self.env["survey.user_input"]
        return answers.search([("partner_id", "child_of", self.ids)], order="id")
