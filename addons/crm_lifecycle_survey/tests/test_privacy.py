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

    def _get_answers(self):
        parts = self.profile._get_personal_records()
        [answers] = [part for part in parts if part.records == self.answer]
        return answers

    def test_they_are_handed_out(self):
        row = self._get_answers().get_row(self.answer)
        self.assertEqual(row["Would you recommend us?"], "0")
        self.assertEqual(row["Why?"], LONG)

    def test_words_are_erased_and_scores_stay(self):
        self._get_answers().erase()
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT string_agg(t, ' ') FROM ("
            "SELECT row_to_json(u)::text FROM survey_user_input AS u WHERE id = %s "
            "UNION ALL SELECT row_to_json(l)::text FROM survey_user_input_line AS l "
            "WHERE user_input_id = %s) AS rows (t)",
            [self.answer.id] * 2,
        )
        told = self.env.cr.fetchone()[0]
        self.assertNotIn(SECRET, told)
        self.assertNotIn("zaphod@", told)
        scores = self.answer.user_input_line_ids.filtered(
            "question_id.lifecycle_satisfaction_kind"
        )
        self.assertIn("scale", scores.mapped("answer_type"))
