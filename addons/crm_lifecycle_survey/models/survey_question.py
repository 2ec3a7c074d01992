from odoo import api, fields, models
from odoo.exceptions import ValidationError

# Kinds of numeric questions, with their labels.
KINDS = [("nps", "NPS"), ("ces", "CES"), ("csat", "CSAT")]
TEXT_TYPES = ("text_box", "char_box")


class SurveyQuestion(models.Model):
    _inherit = "survey.question"

    lifecycle_satisfaction_kind = fields.Selection(
        selection=[*KINDS, ("comment", "Comment shown with them")],
        string="Measures",
        index="btree_not_null",
        help="What the answer tells of the customer. NPS (would you recommend us?) is "
        "asked on a scale of 0 to 10: 9 and 10 are promoters, 0 to 6 detractors. CES "
        "(was it easy?) and CSAT (are you satisfied?) take any scale. A text question "
        "may be the comment that is shown with them.",
    )

    @api.constrains(
        "lifecycle_satisfaction_kind", "question_type", "scale_min", "scale_max"
    )
    def _check_lifecycle_satisfaction_kind(self):
        numbers = dict(KINDS)
        for question in self.filtered("lifecycle_satisfaction_kind"):
            kind = question.lifecycle_satisfaction_kind
            if kind == "comment" and question.question_type not in TEXT_TYPES:
                raise ValidationError(
                    self.env._(
                        "“%(question)s” can't be the comment: choose a text question.",
                        question=question.title,
                    )
                )
            if kind in numbers and question.question_type != "scale":
                raise ValidationError(
                    self.env._(
                        "“%(question)s” can't measure satisfaction: choose the "
                        "question type “Scale”.",
                        question=question.title,
                    )
                )
            if kind == "nps" and (question.scale_min, question.scale_max) != (0, 10):
                raise ValidationError(
                    self.env._(
                        "NPS is asked on a scale from 0 to 10. Change the scale of "
                        "“%(question)s”.",
                        question=question.title,
                    )
                )

    def write(self, vals):
        """Refresh the customers who answered if the meaning of answers changes."""
        changed = self.browse()
        if "lifecycle_satisfaction_kind" in vals:
            kind = vals["lifecycle_satisfaction_kind"] or False
            changed = self.filtered(
                lambda item: item.lifecycle_satisfaction_kind != kind
            )
        result = super().write(vals)
        changed._mark_respondents_pending()
        return result

    def unlink(self):
        """Refresh the customers of answers that are deleted with their question."""
        self.filtered("lifecycle_satisfaction_kind")._mark_respondents_pending()
        return super().unlink()

    def _mark_respondents_pending(self):
        """Add the customers who answered these questions to the work list."""
        # `sudo()` also queues customers that the user may not read.
        self.sudo().user_input_line_ids.user_input_id._mark_lifecycle_pending()
