from odoo import models

# Fields of an answer with the customer's own words.
OWN_WORDS = ("value_char_box", "value_text_box")


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _get_survey_answers(self):
        """Return the survey answers of the contacts and their child contacts."""
        answers = self.env["survey.user_input"]
        return answers.search([("partner_id", "child_of", self.ids)], order="id")

    def _erase_rest(self):
        """Erase names and texts from answers, and keep the scores."""
        result = super()._erase_rest()
        # `sudo()`: answers are erased even if the user can't read their surveys.
        answers = self.sudo()._get_survey_answers()
        answers.write({"email": False, "nickname": False})
        for line in answers.user_input_line_ids:
            for name in OWN_WORDS:
                if line[name]:
                    line[name] = self.env._("Erased")  # the field is required
        return result
