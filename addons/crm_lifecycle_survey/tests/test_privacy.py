from odoo.tests import tagged

from .common import SurveyCase

SECRET = "Zaphod"
LONG = f"{SECRET} says that the machine is loud, and that the coffee could be hotter"


@tagged("post_install", "-at_install")
class TestPrivacy(SurveyCase):
    """Answers are exported in full. Erasure removes texts and addresses, not scores."""

    def setUp(self):
        super().setUp()
        self.partner = self.profile.partner_id
        self.partner.email = "zaphod@example.com"
        self.answer = self._answer(self.partner, nps=0, comment=LONG)

    def _get_decision(self, name):
        [model] = [
            model
            for model in self.env["crm.lifecycle.profile"]._get_personal_models()
            if model.name == name
        ]
        return model

    def test_they_are_exported(self):
        row = self._get_decision("survey.user_input").get_row(self.answer)
        self.assertEqual(row["Would you recommend us?"], "0")
        self.assertEqual(row["Why?"], LONG)

    def test_words_are_erased_and_scores_stay(self):
        self.assertEqual(
            sorted(
                self._get_decision("survey.user_input").get_emptied_columns(self.env)
            ),
            ["email", "lifecycle_email", "nickname"],
        )
        self.assertEqual(
            sorted(self._get_decision("survey.user_input.line").replaced),
            ["value_char_box", "value_text_box"],
        )
