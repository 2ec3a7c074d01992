"""The responsible users of playbook activities, and their fallbacks."""

from datetime import timedelta

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import TODAY
from .test_playbook import PlaybookCase


@tagged("post_install", "-at_install")
class TestPlaybookPeople(PlaybookCase):
    """Sally is the salesperson; Olga owns the account; Tim leads Sally's team."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls._user("olga", "sales_team.group_sale_salesman")
        cls.chief = cls._user("tim", "sales_team.group_sale_salesman_all_leads")
        cls.profile.partner_id.user_id = cls.owner
        cls.team = cls.env["crm.team"].create(
            {
                "name": "North",
                "company_id": cls.company.id,
                "user_id": cls.chief.id,
                "member_ids": [Command.set(cls.salesperson.ids)],
            }
        )

    def _assign(self, responsible_type):
        """Move the customer in with a plan for a responsible user; return the step."""
        self.engaged.activity_plan_id = self._plan(
            {"summary": "Call", "responsible_type": responsible_type}
        )
        self._move(self.profile, self.prospect)
        self._work()
        self._move(self.profile, self.engaged)
        return self._work()[-1]

    def test_each_kind_finds_its_person(self):
        for kind, user in (
            ("on_demand", self.salesperson),
            ("lifecycle_salesperson", self.salesperson),
            ("lifecycle_owner", self.owner),
            ("lifecycle_leader", self.chief),
        ):
            with self.subTest(kind=kind):
                step = self._assign(kind)
                self.assertRecordValues(step, [{"state": "done", "reason": False}])
                self.assertEqual(step.activity_id.user_id, user)

    def test_the_owner_stands_in_for_the_salesperson(self):
        self.profile.user_id = False
        for kind in ("on_demand", "lifecycle_salesperson"):
            with self.subTest(kind=kind):
                step = self._assign(kind)
                self.assertEqual(step.activity_id.user_id, self.owner)
                self.assertIn("no active salesperson", step.reason)

    def test_the_leader_stands_in_where_nobody_else_is_left(self):
        """Odoo's button archives the membership too."""
        self.profile.partner_id.user_id = False
        self.salesperson.action_archive()
        self.assertFalse(self.team.member_ids)
        for kind in ("lifecycle_owner", "lifecycle_salesperson", "on_demand"):
            step = self._assign(kind)
            self.assertEqual(step.activity_id.user_id, self.chief)
            self.assertIn(self.chief.name, step.reason)
        step = self._assign("lifecycle_leader")
        self.assertEqual(step.activity_id.user_id, self.chief)

    def test_a_fixed_user_who_has_gone_is_stood_in_for(self):
        self.owner.action_archive()
        self.engaged.activity_plan_id = self._plan(
            {
                "summary": "Call",
                "responsible_type": "other",
                "responsible_id": self.owner.id,
            }
        )
        self._move(self.profile, self.engaged)
        step = self._work()[-1]
        self.assertEqual(step.activity_id.user_id, self.salesperson)
        self.assertIn("is archived", step.reason)

    def test_the_follow_up_of_a_fixed_user_who_has_gone_was_lost(self):
        self.engaged.write(
            {
                "follow_up_days": 3,
                "follow_up_since": TODAY,
                "follow_up_activity_type_id": self.env.ref(
                    "mail.mail_activity_data_call"
                ).id,
                "follow_up_responsible": "other",
                "follow_up_user_id": self.owner.id,
            }
        )
        self._move(self.profile, self.engaged)
        self._work()
        self.owner.action_archive()
        self._run(TODAY + timedelta(days=3))
        step = self._work()[-1]
        self.assertEqual((step.kind, step.state), ("follow_up", "done"))
        self.assertEqual(step.activity_id.user_id, self.salesperson)

    def test_a_leader_who_has_gone_is_stood_in_for(self):
        self.chief.active = False
        step = self._assign("lifecycle_leader")
        self.assertEqual(step.activity_id.user_id, self.salesperson)
        self.assertIn("no active leader", step.reason)

    def test_whoever_does_not_work_in_the_company_is_nobody(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.owner.write(
            {"company_id": other.id, "company_ids": [Command.set(other.ids)]}
        )
        step = self._assign("lifecycle_owner")
        self.assertEqual(step.activity_id.user_id, self.salesperson)

    def test_a_team_of_another_company_is_not_asked(self):
        other = self.env["res.company"].create({"name": "Other"})
        (self.chief | self.salesperson).company_ids |= other
        self.team.company_id = other
        step = self._assign("lifecycle_leader")
        self.assertEqual(step.activity_id.user_id, self.salesperson)

    def test_with_nobody_at_all_the_step_is_skipped_and_says_so(self):
        self.profile.user_id = False
        self.profile.partner_id.user_id = False
        for kind in ("on_demand", "lifecycle_owner", "lifecycle_leader"):
            with self.subTest(kind=kind):
                step = self._assign(kind)
                self.assertEqual(step.state, "skipped")
                self.assertIn("no salesperson", step.reason)
                self.assertFalse(self._activities(self.profile))

    def test_the_owner_of_a_parent_is_the_owner(self):
        """The contact is its own customer below another company."""
        parent = self._partner("Mother", is_company=True, user_id=self.colleague.id)
        partner = self.profile.partner_id
        partner.write({"user_id": False, "is_company": True, "parent_id": parent.id})
        self.assertEqual(self.profile._get_account_owner(), self.colleague)

    def test_a_lead_has_the_team_of_the_lead(self):
        lead = self._lead(team_id=self.team.id)
        self._run()
        self.assertEqual(
            self._profile(lead)._find_responsible("lifecycle_leader").user, self.chief
        )

    def test_the_newest_lead_names_the_team_of_a_customer_without_salesperson(self):
        self.profile.user_id = False
        self._lead(partner_id=self.profile.partner_id.id, team_id=self.team.id)
        found = self.profile._find_responsible("lifecycle_leader")
        self.assertEqual((found.user, found.warning), (self.chief, False))

    def test_plans_for_other_documents_know_no_people_of_customers(self):
        plan = self._plan(res_model="crm.lead")
        with self.assertRaisesRegex(ValidationError, "customers only"):
            plan.template_ids.responsible_type = "lifecycle_owner"
        # Nor may such a plan be changed into one.
        mine = self._plan({"summary": "Call", "responsible_type": "lifecycle_owner"})
        self.assertEqual(mine.template_ids.responsible_type, "lifecycle_owner")

    def test_odoos_own_wizard_finds_them_too(self):
        """A salesperson launches the plan manually from the profile."""
        plan = self._plan({"summary": "Call", "responsible_type": "lifecycle_leader"})
        profile = self.profile.with_user(self.salesperson)
        wizard = Form(
            self.env["mail.activity.schedule"]
            .with_user(self.salesperson)
            .with_context(active_model=profile._name, active_ids=profile.ids)
        )
        wizard.plan_id = plan
        wizard.save().action_schedule_plan()
        activity = self._activities(self.profile)
        self.assertEqual(activity.user_id, self.chief)

    def test_a_stage_for_a_fixed_user_needs_one(self):
        with self.assertRaisesRegex(ValidationError, "Engaged"):
            self.engaged.with_user(self.manager).follow_up_responsible = "other"

    def test_an_activity_is_due_as_the_plan_says(self):
        step = self._assign("lifecycle_owner")
        self.assertEqual(step.activity_id.date_deadline, TODAY + timedelta(days=2))
