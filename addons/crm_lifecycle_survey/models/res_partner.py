from odoo import models

# What of an answer is in the customer's own words.
OWN_WORDS = ("value_char_box", "value_text_box")


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _get_survey_answers(self):
        """Return the surveys that the contacts, and those below them, have answered."""
        answers = self.env["survey.user_input"]
        return answers.search([("partner_id", "child_of", self.ids)], order="id")

    def _erase_rest(self):
        """Erase who answered, and what they wrote; their scores stay."""
        result = super()._erase_rest()
        # Answers belong to their survey's owner, and are erased whoever erases.
        answers = self.sudo()._get_survey_answers()
        answers.write({"email": False, "nickname": False})
        for line in answers.user_input_line_ids:
            for name in OWN_WORDS:
                if line[name]:
                    line[name] = self.env._("Erased")  # an answer is never empty
        return result
