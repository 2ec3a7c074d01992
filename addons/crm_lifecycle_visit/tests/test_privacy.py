from odoo.tests import tagged

from .common import VisitCase

SECRET = "Zaphod"


@tagged("post_install", "-at_install")
class TestPrivacy(VisitCase):
    """Export and erasure of the notes of visits."""

    def setUp(self):
        super().setUp()
        self.visit = self._visit(
            result="reached", satisfaction="4", note=f"{SECRET} likes tea"
        )
        self.visit.next_step = f"Send {SECRET} tea"
        self.visit.action_record()

    def _get_decision(self):
        [model] = [
            model
            for model in self.env["crm.lifecycle.profile"]._get_personal_models()
            if model.name == "crm.lifecycle.visit"
        ]
        return model

    def test_it_is_exported(self):
        row = self._get_decision().get_row(self.visit)
        self.assertEqual(row["What was said"], f"{SECRET} likes tea")
        self.assertEqual(row["Satisfaction"], "4 Satisfied")

    def test_words_are_erased_and_the_visit_stays(self):
        self.assertEqual(
            sorted(self._get_decision().get_emptied_columns(self.env)),
            ["next_step", "note"],
        )
