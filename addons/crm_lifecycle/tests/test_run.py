from datetime import timedelta

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestRun(LifecycleCase):
    def test_an_empty_company_runs(self):
        run = self._run()
        self.assertRecordValues(
            run,
            [{"state": "done", "kind": "full", "profile_count": 0, "moved_count": 0}],
        )

    def test_the_first_match_moves_and_the_chain_goes_on(self):
        self._rule(self.customer, [("won_count", ">", 0)])
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        partner = self._partner()
        self._lead(partner_id=partner.id)
        self._lead(partner_id=partner.id).action_set_won()
        run = self._run(self.company._lifecycle_today())
        self.assertEqual(
            self._moves(self._profile(partner)),
            [(None, "customer", "start")],
        )
        self.assertEqual(run.moved_count, 1)

    def test_two_runs_on_a_day_do_the_work_once(self):
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        for index in range(5):
            self._lead(partner_id=self._partner(f"P{index}").id)
        self._lead(contact_name="Nobody yet")
        first = self._run()
        self.assertRecordValues(
            first, [{"profile_count": 6, "created_count": 6, "moved_count": 6}]
        )
        history = self.env["crm.lifecycle.history"].search_count([])
        for kwargs in ({}, {"full": True}, {"quick": True}):
            again = self._run(**kwargs)
            self.assertRecordValues(
                again, [{"created_count": 0, "refreshed_count": 0, "moved_count": 0}]
            )
        self.assertEqual(self.env["crm.lifecycle.history"].search_count([]), history)

    def test_rules_that_contradict_each_other_do_not_loop(self):
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        self._rule(self.prospect, [("open_lead_count", ">", 0)], self.engaged)
        profile = self._customer()
        self.assertEqual(profile.stage_id, self.engaged)
        self.assertEqual(self._run().moved_count, 0)
        self.assertEqual(self._run(TODAY + timedelta(days=1)).moved_count, 1)

    def test_changed_facts_bring_a_customer_back_on_the_same_day(self):
        self._rule(self.engaged, [("open_lead_count", "=", 1)], self.prospect)
        self._rule(self.prospect, [("open_lead_count", "=", 0)], self.engaged)
        profile = self._customer()
        self.assertEqual(profile.stage_id, self.engaged)
        profile.partner_id.opportunity_ids.write({"active": False, "probability": 30})
        self._run()
        self.assertEqual(profile.stage_id, self.prospect)
        self.env["crm.lead"].with_context(active_test=False).search(
            [("partner_id", "=", profile.partner_id.id)]
        ).active = True
        self._run()
        self.assertEqual(profile.stage_id, self.engaged)

    def test_a_date_rule_fires_on_its_day(self):
        self._rule(self.risk, [("first_seen_date", "<=", "today -90d")])
        partners = self.env["res.partner"]
        for days in (89, 90, 91):
            partners |= self._partner(f"{days} days")
            self._lead(days_ago=days, partner_id=partners[-1:].id)
            partners[-1:].ref = str(days)
        self._run()
        stages = {p.ref: self._profile(p).stage_id for p in partners}
        self.assertEqual(
            stages, {"89": self.prospect, "90": self.risk, "91": self.risk}
        )
        self.assertEqual(self._run(TODAY + timedelta(days=1)).moved_count, 1)

    def test_the_passing_of_a_day_changes_no_row(self):
        self._customer()
        run = self._run(TODAY + timedelta(days=1))
        self.assertEqual(run.refreshed_count, 0)

    def test_a_rule_waits_for_its_minimum_days(self):
        self._rule(self.engaged, [], self.prospect, min_days=3)
        profile = self._customer()
        for days, stage in [(2, self.prospect), (3, self.engaged)]:
            self._run(TODAY + timedelta(days=days))
            self.assertEqual(profile.stage_id, stage)

    def test_an_earlier_day_is_refused(self):
        self._run()
        with self.assertRaisesRegex(UserError, "later one"):
            self._run(TODAY - timedelta(days=1))

    def test_the_first_run_is_quiet_and_the_next_one_is_not(self):
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        (self.prospect | self.engaged).mail_template_id = self.env[
            "mail.template"
        ].create({"name": "Welcome"})
        quiet = self._customer("Ada")
        self.assertTrue(all(quiet.history_ids.mapped("processed_at")))
        loud = self._customer("Bob")
        self.assertFalse(any(loud.history_ids.mapped("processed_at")))

    def test_a_refused_rule_is_counted(self):
        self.lifecycle.skip_policy = "forbid"
        self._rule(self.customer, [("open_lead_count", ">", 0)])
        profile = self._customer()
        run = self.env["crm.lifecycle.run"].search([], limit=1)
        self.assertEqual(profile.stage_id, self.prospect)
        self.assertEqual(run.left_count, 1)

    def test_with_two_lifecycles_a_refused_rule_is_counted_once(self):
        self.lifecycle.skip_policy = "forbid"
        self._rule(self.customer, [("open_lead_count", ">", 0)])
        self.lifecycle.copy().write(
            {"state": "active", "activation_date": "2026-01-01"}
        )
        profile = self._customer()
        run = self.env["crm.lifecycle.run"].search([], limit=1)
        self.assertEqual(profile.stage_id, self.prospect)
        self.assertEqual(run.left_count, 1)

    def test_staff_and_own_company_are_no_customers(self):
        self._lead(partner_id=self.salesperson.partner_id.id)
        self._lead(partner_id=self.company.partner_id.id)
        self.assertEqual(self._run().created_count, 0)

    def test_a_contact_without_documents_is_no_customer(self):
        supplier = self._partner("Supplier")
        supplier.message_post(body="Your invoice", message_type="email")
        self._run()
        self.assertFalse(self._profile(supplier))

    def test_children_count_for_their_company(self):
        company = self._partner("Acme", is_company=True)
        child = self._partner("Bob", parent_id=company.id)
        self._lead(partner_id=child.id)
        self._run()
        self.assertFalse(self._profile(child))
        self.assertEqual(self._profile(company).open_lead_count, 1)

    def test_an_archived_contact_is_left_alone(self):
        self._rule(self.engaged, [("first_seen_date", "<=", "today -1d")])
        profile = self._customer()
        profile.partner_id.active = False
        self._run(TODAY + timedelta(days=1))
        self.assertFalse(profile.active)
        self.assertEqual(profile.stage_id, self.prospect)
        profile.partner_id.active = True
        self._run(TODAY + timedelta(days=1))
        self.assertTrue(profile.active)
        self.assertEqual(profile.stage_id, self.engaged)

    def test_each_company_has_its_own_profile(self):
        other = self.env["res.company"].create({"name": "Other"})
        partner = self._partner(company_id=False)
        self._lead(partner_id=partner.id)
        self._lead(partner_id=partner.id, company_id=other.id)
        self._run()
        self.env["crm.lifecycle"]._run(other, TODAY)
        profiles = self.env["crm.lifecycle.profile"].search(
            [("partner_id", "=", partner.id)]
        )
        self.assertEqual(profiles.company_id, self.company | other)
        self.assertEqual(profiles.mapped("open_lead_count"), [1, 1])

    def test_the_first_lifecycle_that_takes_a_customer_wins(self):
        big = self.lifecycle.copy({"name": "Big", "sequence": 1})
        big.domain = "[('open_lead_count', '>=', 2)]"
        big.write({"state": "active", "activation_date": "2026-01-01"})
        small = self._customer("Small")
        partner = self._partner("Big")
        self._lead(partner_id=partner.id)
        self._lead(partner_id=partner.id)
        self._run()
        self.assertEqual(small.lifecycle_id, self.lifecycle)
        self.assertEqual(self._profile(partner).lifecycle_id, big)
        small.stage_id = self.customer
        self._lead(partner_id=small.partner_id.id)
        self._run()
        self.assertEqual(small.lifecycle_id, big)
        self.assertEqual(small.stage_id.code, "customer")
        self.assertEqual(self._run().moved_count, 0)

    def test_tags_come_and_go(self):
        tag = self.env["crm.lifecycle.tag"].create(
            {
                "name": "New",
                "code": "new",
                "lifecycle_id": self.lifecycle.id,
                "domain": "[('first_seen_date', '>', 'today -30d')]",
            }
        )
        profile = self._customer()
        self.assertEqual(profile.tag_ids, tag)
        self._run(TODAY + timedelta(days=29))
        self.assertEqual(profile.tag_ids, tag)
        self._run(TODAY + timedelta(days=30))
        self.assertFalse(profile.tag_ids)

    def test_queries_do_not_grow_with_customers(self):
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect)
        self._customer("warm")

        def run_with(count):
            for index in range(count):
                self._lead(partner_id=self._partner(f"Q{index}").id)
            self.env.flush_all()
            before = self.cr.sql_log_count
            self._run()
            return self.cr.sql_log_count - before

        few = run_with(2)
        self.assertLessEqual(run_with(60), few + 2)

    def test_a_run_that_died_is_marked(self):
        run = self.env["crm.lifecycle.run"]._start(self.company, TODAY)
        self._run()
        self.assertEqual(run.state, "failed")
        self.assertIn("interrupted", run.error)
