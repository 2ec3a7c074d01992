"""A salesperson leaves: who sees their customers, and gets their work."""

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .test_playbook import PlaybookCase


class LeaverCase(PlaybookCase):
    """Sally leaves. Tim leads her team; he sees his own customers only."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chief = cls._user("tim", "sales_team.group_sale_salesman")
        cls.team = cls._team("North", cls.chief, cls.salesperson)
        cls.profile.partner_id.user_id = cls.salesperson
        cls.lead = cls.profile.partner_id.opportunity_ids

    @classmethod
    def _team(cls, name, leader, members, company=None):
        return cls.env["crm.team"].create(
            {
                "name": name,
                "company_id": (company or cls.company).id,
                "user_id": leader.id,
                "member_ids": [Command.set(members.ids)],
            }
        )

    @classmethod
    def _todo(cls, record, user=None):
        return record.activity_schedule(
            "mail.mail_activity_data_todo", user_id=(user or cls.salesperson).id
        )

    def _assert_users(self, activities, user):
        self.env.invalidate_all()
        self.assertEqual(len(activities.exists()), len(activities))
        self.assertEqual([a.user_id for a in activities], [user] * len(activities))


@tagged("post_install", "-at_install")
class TestLeaver(LeaverCase):
    def test_activities_of_who_was_archived_were_deleted(self):
        firm = self._partner("Firm", is_company=True)
        contact = self._partner("Contact", parent_id=firm.id)
        self._lead(partner_id=firm.id)
        fresh = self._lead(user_id=self.salesperson.id)
        self._run()
        self._profile(firm).user_id = self.salesperson
        unknown = self._lead(user_id=self.salesperson.id)  # without a profile yet
        records = (self.profile, self.profile.partner_id, self.lead, firm, contact)
        todos = self.env["mail.activity"].union(
            *(self._todo(record) for record in (*records, fresh, unknown))
        )
        self.salesperson.action_archive()
        self._assert_users(todos, self.chief)
        self.assertEqual(self.profile.user_id, self.salesperson)

    def test_work_with_the_customer_of_a_colleague_goes_to_the_colleague(self):
        profile = self._customer("Bob", user_id=self.colleague.id)
        todo = self._todo(profile)
        self.salesperson.action_archive()
        self._assert_users(todo, self.colleague)

    def test_without_a_leader_activities_stay_on_the_customer(self):
        self.team.user_id = False
        todo, strange = self._todo(self.profile), self._todo(self.profile, self.chief)
        self.salesperson.action_archive()
        self._assert_users(todo, self.env["res.users"])
        self._assert_users(strange, self.chief)

    def test_who_leaves_together_with_the_leader(self):
        """Odoo's list archives both at once."""
        todo = self._todo(self.profile)
        (self.salesperson | self.chief).action_archive()
        self._assert_users(todo, self.env["res.users"])

    def test_each_way_to_leave_a_company(self):
        other = self.env["res.company"].create({"name": "Other"})

        def move():
            self.salesperson.write(
                {"company_id": other.id, "company_ids": [Command.set(other.ids)]}
            )

        ways = {
            "archived without the button": lambda: self.salesperson.write(
                {"active": False}
            ),
            "another company": move,
            "a portal user": lambda: self.salesperson.write(
                {"group_ids": [Command.set(self.env.ref("base.group_portal").ids)]}
            ),
        }
        for name, leave in ways.items():
            with self.subTest(name), self.env.cr.savepoint() as savepoint:
                todo = self._todo(self.profile)
                self.team.crm_team_member_ids.crm_team_id.company_id = False
                leave()
                self._assert_users(todo, self.chief)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_change_of_the_user_moves_nothing(self):
        todo = self._todo(self.profile)
        self.salesperson.write({"name": "Sally Smith", "email": "s@example.com"})
        self._assert_users(todo, self.salesperson)

    def test_the_last_team_stands_in(self):
        """Sally was in the South before; both memberships are archived."""
        south = self._team("South", self.colleague, self.salesperson)
        old = south.crm_team_member_ids
        self.team.member_ids = self.salesperson
        self.assertFalse(old.active)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_team_member SET write_date = '2020-01-01' WHERE id = %s",
            [old.id],
        )
        self.env.invalidate_all()
        todo = self._todo(self.profile)
        self.salesperson.action_archive()
        self._assert_users(todo, self.chief)
        self.assertEqual(self.salesperson._get_lifecycle_teams(), self.team)

    def test_a_team_of_another_company_does_not_stand_in(self):
        other = self.env["res.company"].create({"name": "Other"})
        (self.salesperson | self.chief).company_ids |= other
        self.team.company_id = other
        todo = self._todo(self.profile)
        self.salesperson.action_archive()
        self._assert_users(todo, self.env["res.users"])

    # ------------------------------------------------------------
    # Who sees the customers
    # ------------------------------------------------------------

    def _sees(self, user):
        Profile = self.env["crm.lifecycle.profile"].with_user(user)
        history = self.env["crm.lifecycle.history"].with_user(user)
        found = Profile.search([("id", "=", self.profile.id)])
        rows = history.search([("profile_id", "=", self.profile.id)])
        self.assertEqual(bool(found), bool(rows))
        return bool(found)

    def test_the_leader_did_not_see_the_customers_of_who_left(self):
        self.assertFalse(self._sees(self.chief))
        self.salesperson.action_archive()
        self.assertTrue(self._sees(self.chief))
        self.assertFalse(self._sees(self.colleague))
        self.profile.with_user(self.chief).note = "Called"
        with self.assertRaises(AccessError):
            self.profile.with_user(self.colleague).note = "Mine now"
        self.salesperson.action_unarchive()
        self.assertFalse(self._sees(self.chief))

    def test_another_leader_sees_them_at_once(self):
        self.salesperson.action_archive()
        self.assertTrue(self._sees(self.chief))
        self.team.user_id = self.colleague
        self.assertTrue(self._sees(self.colleague))
        self.assertFalse(self._sees(self.chief))

    def test_the_call_list_of_the_leader_has_them(self):
        self.prospect.follow_up_days = 1
        self.env["crm.lifecycle.profile"]._sync_follow_up(self.profile.ids)
        self.salesperson.action_archive()
        calls = self.env["crm.lifecycle.profile"].with_user(self.chief)
        self.assertIn(self.profile, calls.search([("is_to_call", "=", True)]))
