"""Answers to surveys as personal data."""

from odoo.addons.crm_lifecycle.personal_data import KEEP, PersonalModel


class SurveyAnswers(PersonalModel):
    """Answers are exported question by question; their scores are never erased."""

    def get_row(self, record):
        return super().get_row(record) | {
            line.question_id.title: line._get_lifecycle_answer()
            for line in record.user_input_line_ids
            if not line.skipped
        }


def get_survey_models(env):
    """Return the decisions for answers to surveys."""
    erased = env._("Erased")  # Odoo refuses an answer without a value
    return [
        SurveyAnswers(
            name="survey.user_input",
            links=("partner_id", "lead_id"),
            emails=("email",),
            kept=("access_token", "invite_token"),
            names=("survey_id", "end_datetime", "email"),
        ),
        PersonalModel(
            name="crm.lifecycle.survey.respondent",
            decision=KEEP,  # numbers only
            is_technical=True,
        ),
        PersonalModel(
            name="survey.user_input.line",
            links=("user_input_id",),
            replaced={"value_char_box": erased, "value_text_box": erased},
            is_technical=True,
        ),
    ]
