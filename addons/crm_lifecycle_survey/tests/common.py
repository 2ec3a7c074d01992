from datetime import datetime, time, timedelta

from odoo.addons.crm_lifecycle.tests.common import TODAY
from odoo.addons.crm_lifecycle.tests.test_playbook import PlaybookCase


def day(number):
    return TODAY + timedelta(days=number)


class SurveyCase(PlaybookCase):
    """Two surveys with all kinds of questions, on top of `PlaybookCase`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.survey, cls.other_survey = (
            cls._make_survey(title) for title in ("Welcome", "A year later")
        )

    @classmethod
    def _make_survey(cls, title):
        survey = cls.env["survey.survey"].create(
            {"title": title, "access_mode": "token"}
        )
        cls.env["survey.question"].create(
            [
                {
                    "survey_id": survey.id,
                    "title": name,
                    "sequence": sequence,
                    "lifecycle_satisfaction_kind": kind,
                    "question_type": "text_box" if kind == "comment" else "scale",
                    "scale_min": 0 if kind == "nps" else 1,
                    "scale_max": 10 if kind == "nps" else 5,
                }
                for sequence, (kind, name) in enumerate(
                    [
                        ("nps", "Would you recommend us?"),
                        ("ces", "Was it easy?"),
                        ("csat", "Are you satisfied?"),
                        ("comment", "Why?"),
                    ]
                )
            ]
        )
        return survey

    @classmethod
    def _answer(cls, partner, number=0, hour=12, survey=None, **scores):
        """Create an answer on a day, with ``scores`` by kind and a ``comment``."""
        survey = survey or cls.survey
        answer = survey._create_answer(partner=partner, email=partner.email)
        for question in survey.question_ids:
            value = scores.get(question.lifecycle_satisfaction_kind)
            if value is not None:
                answer._save_lines(question, str(value))
        return cls._finish(answer, number, hour)

    @classmethod
    def _finish(cls, answer, number=0, hour=12):
        answer._mark_done()
        cls.env.flush_all()
        moment = datetime.combine(day(number), time(hour))
        cls.env.cr.execute(
            "UPDATE survey_user_input SET create_date = %s, end_datetime = %s "
            "WHERE id = %s",
            [moment, moment, answer.id],
        )
        answer.invalidate_recordset()
        return answer
