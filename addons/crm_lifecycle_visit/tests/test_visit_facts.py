from odoo.tests import tagged

from .common import VisitCase, day


@tagged("post_install", "-at_install")
class TestVisitFacts(VisitCase):
    def _reached(self, number, satisfaction=False, profile=None):
        visit = self._visit(profile, result="reached", satisfaction=satisfaction)
        visit.action_record()
        visit.date_done = day(number)
        return visit

    def _facts(self, number, **kwargs):
        self._run(day(number), **kwargs)
        return self.profile.visit_last_date, self.profile.visit_satisfaction

    def test_nobody_asked_is_not_zero(self):
        self.assertEqual(self._facts(0), (False, False))
        self.assertIs(self.profile.visit_satisfaction, False)

    def test_the_last_visit_and_the_last_satisfaction_told(self):
        self._reached(1, "2")
        self._reached(5)
        self.assertEqual(self._facts(0), (False, False))
        self.assertEqual(self._facts(1), (day(1), 2))
        self.assertEqual(self._facts(5), (day(5), 2))
        self.assertEqual(self._facts(5, full=True), (day(5), 2))

    def test_a_visit_that_is_deleted_is_forgotten(self):
        visit = self._reached(0, "5")
        self.assertEqual(self._facts(0), (day(0), 5))
        visit.unlink()
        self.assertEqual(self._facts(0), (False, False))

    def test_a_rule_may_look_at_it(self):
        self._rule(self.risk, [("visit_satisfaction", "<=", 2)])
        self._run(day(0))
        self.assertEqual(self.profile.stage_id, self.customer)
        self._reached(1, "1")
        self._run(day(1))
        self.assertEqual(self.profile.stage_id, self.risk)

    def test_merged_customers_keep_their_visits(self):
        other = self._customer("Bob", user_id=self.salesperson.id)
        self._reached(0, "5", other)
        self._visit(other)
        self._visit()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge(
            (self.profile.partner_id | other.partner_id).ids, self.profile.partner_id
        )
        self.env.invalidate_all()
        self.assertCountEqual(
            self._visits().mapped("state"), ["done", "planned", "cancelled"]
        )
        self.assertEqual(self._facts(0), (day(0), 5))
