from odoo.tests import tagged

from .common import RiskCase

SECRET = "Zaphod"


@tagged("post_install", "-at_install")
class TestPrivacy(RiskCase):
    """Export and erasure of personal data in cases."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls.env["crm.lifecycle.risk.case"].create(
            {
                "profile_id": cls.profile.id,
                "reason_id": cls.reason.id,
                "amount": 900,
                "note": f"<p>{SECRET} is cross</p>",
                "lesson": f"Call {SECRET} earlier",
            }
        )

    def _get_decision(self):
        [model] = [
            model
            for model in self.env["crm.lifecycle.profile"]._get_personal_models()
            if model.name == "crm.lifecycle.risk.case"
        ]
        return model

    def test_it_is_exported(self):
        row = self._get_decision().get_row(self.case)
        self.assertEqual(row["Notes"], f"{SECRET} is cross")
        self.assertEqual(row["Lesson"], f"Call {SECRET} earlier")
        self.assertEqual((row["Status"], row["Reason"]), ("Open", "Too dear"))

    def test_words_are_erased_and_sums_stay(self):
        self.assertEqual(
            self._get_decision().get_emptied_columns(self.env), ["note", "lesson"]
        )
