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

    def _get_visits(self):
        parts = self.profile._get_personal_records()
        [visits] = [part for part in parts if part.records == self.visit]
        return visits

    def test_it_is_handed_out(self):
        row = self._get_visits().get_row(self.visit)
        self.assertEqual(row["What was said"], f"{SECRET} likes tea")
        self.assertEqual(row["Satisfaction"], "4 Satisfied")

    def test_words_are_erased_and_the_visit_stays(self):
        self._get_visits().erase()
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT row_to_json(t)::text FROM crm_lifecycle_visit AS t WHERE id = %s",
            [self.visit.id],
        )
        self.assertNotIn(SECRET, self.env.cr.fetchone()[0])
        self.env.invalidate_all()
        self.assertEqual((self.visit.state, self.visit.satisfaction), ("done", "4"))
