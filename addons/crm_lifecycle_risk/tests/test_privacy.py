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
        cls.case.message_post(body=f"Wrote to {SECRET}")
        cls.case.activity_schedule("mail.mail_activity_data_todo", summary=SECRET)

    def _get_cases(self):
        parts = self.profile._get_personal_records()
        [cases] = [part for part in parts if part.records == self.case]
        return cases

    def test_it_is_handed_out(self):
        row = self._get_cases().get_row(self.case)
        self.assertEqual(row["Notes"], f"{SECRET} is cross")
        self.assertEqual(row["Lesson"], f"Call {SECRET} earlier")
        self.assertEqual((row["Status"], row["Reason"]), ("Open", "Too dear"))

    def test_words_are_erased_and_sums_stay(self):
        self._get_cases().erase()
        self.env.invalidate_all()
        self.assertFalse(self.case.note or self.case.lesson)
        self.assertFalse(self.case.message_ids)
        self.assertFalse(self.case.activity_ids)
        self.assertEqual((self.case.amount, self.case.reason_id), (900, self.reason))
