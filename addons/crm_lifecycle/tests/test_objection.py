from datetime import timedelta

from odoo.tests import tagged

from ..hooks import post_init_hook
from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestObjection(LifecycleCase):
    """Only staff move customers who object to profiling."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._rule(cls.engaged, [("open_lead_count", ">", 0)], cls.prospect)
        cls.rule.active = False
        cls.ada = cls._customer("Ada", user_id=cls.salesperson.id)
        cls.bob = cls._customer("Bob")
        cls.tag = cls.env["crm.lifecycle.tag"].create(
            {"name": "Open", "code": "open", "lifecycle_id": cls.lifecycle.id}
        )
        cls._run()
        cls.rule.active = True

    def _object(self, profile, date=TODAY):
        partner = profile.partner_id.with_user(self.salesperson)
        partner.lifecycle_objection_date = date
        self.env.flush_all()

    def test_no_rule_moves_who_objects(self):
        self._object(self.ada)
        self._run(TODAY + timedelta(days=1))
        self.assertEqual(self.ada.stage_id, self.prospect)
        self.assertEqual(self.bob.stage_id, self.engaged)

    def test_rules_come_back_when_the_objection_is_withdrawn(self):
        self._object(self.ada)
        self._run(TODAY + timedelta(days=1))
        self._object(self.ada, False)
        self._run(TODAY + timedelta(days=2))
        self.assertEqual(self.ada.stage_id, self.engaged)
        self.assertEqual(self.ada.tag_ids, self.tag)

    def test_staff_still_move_who_objects(self):
        self._object(self.ada)
        self.ada.with_user(self.salesperson).stage_id = self.customer
        self._run(TODAY + timedelta(days=1))
        self.assertEqual(self.ada.stage_id, self.customer)

    def test_tags_are_taken_off_at_once_and_not_put_on_again(self):
        self.assertEqual(self.ada.tag_ids, self.tag)
        self._object(self.ada)
        self.assertFalse(self.ada.tag_ids)
        self._run(TODAY + timedelta(days=1), full=True)
        self.assertFalse(self.ada.tag_ids)
        self.assertEqual(self.bob.tag_ids, self.tag)

    def test_another_lifecycle_does_not_take_who_objects(self):
        self._object(self.ada)
        other = self.lifecycle.copy({"sequence": -5})
        other.action_activate()
        self._run(TODAY + timedelta(days=1))
        self.assertEqual(self.ada.lifecycle_id, self.lifecycle)
        self.assertEqual(self.bob.lifecycle_id, other)

    def test_nothing_is_explained(self):
        self.assertTrue(self.ada._explain()["rules"])
        self._object(self.ada)
        self.ada.invalidate_recordset()
        found = self.ada.with_user(self.salesperson)._explain()
        self.assertEqual(found["rules"], [])
        self.assertIn("objects to profiling", found["stopped"])
        self.assertEqual(self.ada.with_user(self.salesperson).explain()["rules"], [])
        self.assertIn("objects", self.ada.explanation)

    def test_staff_see_and_find_who_objects(self):
        self._object(self.ada)
        found = self.env["crm.lifecycle.profile"].with_user(self.salesperson)
        mine = [("id", "in", (self.ada | self.bob).ids)]
        self.assertEqual(found.search([("is_objecting", "=", True), *mine]), self.ada)
        self.assertEqual(found.search([("is_objecting", "=", False), *mine]), self.bob)
        self.assertTrue(self.ada.with_user(self.salesperson).is_objecting)

    def test_a_lead_that_objects_goes_on_objecting_as_a_contact(self):
        lead = self._lead(lifecycle_objection_date=TODAY)
        self._run(TODAY + timedelta(days=1))
        profile = self._profile(lead)
        self.assertFalse(profile.stage_id)
        self.assertTrue(profile.is_objecting)
        lead.partner_id = self._partner("Cid")
        self.assertEqual(lead.partner_id.lifecycle_objection_date, TODAY)
        self._run(TODAY + timedelta(days=2))
        self.assertFalse(self._profile(lead.partner_id).stage_id)

    def test_a_run_asks_no_more_for_it(self):
        """The queries of a run do not grow with the number of objections."""
        for number in range(5):
            self._object(self._customer(f"N{number}"))
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        self._run(TODAY + timedelta(days=1))
        few = self.env.cr.sql_log_count - before
        for number in range(10):
            self._partner(f"M{number}").lifecycle_objection_date = TODAY
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        self._run(TODAY + timedelta(days=2))
        self.assertLessEqual(self.env.cr.sql_log_count - before, few)

    def test_installation_tells_the_planner_how_few_object(self):
        """A new column has no statistics; the planner assumed that it was filled."""
        self.env.cr.execute(
            "ALTER TABLE res_partner ALTER COLUMN lifecycle_objection_date TYPE date "
            "USING lifecycle_objection_date"
        )
        known = "SELECT null_frac FROM pg_stats WHERE attname = %s AND tablename = %s"
        column = ["lifecycle_objection_date", "res_partner"]
        self.env.cr.execute(known, column)
        self.assertFalse(self.env.cr.fetchall())
        post_init_hook(self.env)
        self.env.cr.execute(known, column)
        self.assertEqual(self.env.cr.fetchall(), [(1.0,)])
