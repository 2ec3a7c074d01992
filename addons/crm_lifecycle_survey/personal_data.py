"""Answers to surveys as personal data."""

from odoo.addons.crm_lifecycle.personal_data import PersonalRecords

# What of an answer is in the customer's own words.
FREE_TEXT_FIELDS = ("value_char_box", "value_text_box")


class SurveyAnswers(PersonalRecords):
    """Answers are handed out question by question; their scores are never erased."""

    def __init__(self, records, title):
        super().__init__(records, title, ("survey_id", "end_datetime", "email"))

    def get_row(self, record):
        return super().get_row(record) | {
            line.question_id.title: line._get_lifecycle_answer()
            for line in record.user_input_line_ids
            if not line.skipped
        }

    def erase(self):
        """Erase who answered, and what they wrote."""
        self.records.write({"email": False, "nickname": False})
        for line in self.records.user_input_line_ids:
            for name in FREE_TEXT_FIELDS:
                if line[name]:
                    line[name] = line.env._("Erased")  # an answer is never empty
