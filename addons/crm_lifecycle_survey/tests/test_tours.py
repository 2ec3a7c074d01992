from odoo.tests import HttpCase, tagged

from .common import SurveyCase


@tagged("post_install", "-at_install")
class TestTours(SurveyCase, HttpCase):
    def test_a_manager_looks_at_the_nps(self):
        self._answer(self.profile.partner_id, nps=9, comment="Quick and kind")
        self.profile.user_id = False
        self._run()
        self.env.flush_all()
        self.start_tour(
            "/odoo/action-crm_lifecycle_survey.crm_lifecycle_satisfaction_report_action",
            "crm_lifecycle_survey_nps",
            login=self.manager.login,
        )

    def test_a_customer_answers_by_their_link(self):
        answer = self.survey._create_answer(partner=self.profile.partner_id)
        self.survey.questions_layout = "one_page"
        self.env.flush_all()
        self.start_tour(answer.get_start_url(), "crm_lifecycle_survey_answer")
        self.env.invalidate_all()
        self.assertEqual(answer.state, "done")
        self.assertEqual(
            answer.user_input_line_ids.filtered(
                lambda line: line.question_id.lifecycle_satisfaction_kind == "nps"
            ).value_scale,
            8,
        )
