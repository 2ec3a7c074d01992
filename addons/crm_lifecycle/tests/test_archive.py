from odoo.tests import tagged

from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestArchive(LifecycleCase):
    """What is planned with an archived customer is closed, and comes back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls._customer("Ada")
        cls.activity = cls.ada.activity_schedule(
            "mail.mail_activity_data_call", user_id=cls.salesperson.id
        )

    def test_the_activities_of_an_archived_customer_are_closed_undone(self):
        self.ada.partner_id.action_archive()
        self.assertFalse(self.ada.active)
        self.assertFalse(self.activity.active)
        self.assertTrue(self.activity.exists())
        self.assertFalse(self.activity.date_done)
        self._run()
        self.assertFalse(self.ada.active)
        self.assertFalse(self.ada.last_contact_date)

    def test_the_activities_come_back_with_the_customer(self):
        deadline = self.activity.date_deadline
        self.ada.partner_id.action_archive()
        self._run()
        self.ada.partner_id.action_unarchive()
        self.assertTrue(self.ada.active)
        self.assertTrue(self.activity.active)
        self.assertEqual(self.activity.date_deadline, deadline)
        self.assertFalse(self.activity.lifecycle_suspended_date)
        self._run()
        self.assertTrue(self.ada.active)

    def test_done_activities_stay_done(self):
        self.activity.action_done()
        done = self.activity.date_done
        self.ada.partner_id.action_archive()
        self.ada.partner_id.action_unarchive()
        self.assertFalse(self.activity.active)
        self.assertEqual(self.activity.date_done, done)

    def test_an_archived_contact_of_a_customer_closes_nothing(self):
        contact = self._partner("Bob", parent_id=self.ada.partner_id.id)
        contact.action_archive()
        self.assertTrue(self.ada.active)
        self.assertTrue(self.activity.active)

    def test_each_company_of_the_customer_closes_its_own(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids |= other
        self.ada.partner_id.company_id = False
        profile = (
            self.env["crm.lifecycle.profile"]
            .with_company(other)
            .create({"partner_id": self.ada.partner_id.id})
        )
        activity = profile.activity_schedule("mail.mail_activity_data_call")
        self.ada.partner_id.action_archive()
        self.assertFalse((self.activity | activity).filtered("active"))
        self.ada.partner_id.action_unarchive()
        self.assertTrue(self.activity.active and activity.active)

    def test_a_merge_into_an_active_customer_brings_the_activities_back(self):
        bob = self._customer("Bob")
        self.ada.partner_id.action_archive()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.ada | bob).partner_id.ids, bob.partner_id)
        self.env.invalidate_all()
        self.assertTrue(self.activity.active)
        self.assertEqual(self.activity.res_id, bob.id)
        self.assertTrue(bob.active)

    def test_the_next_run_finds_nothing_to_change(self):
        self.ada.partner_id.action_archive()
        self._run()
        before = self.ada.read(["active", "stage_id", "stage_date", "facts_date"])
        self._run(TODAY)
        after = self.ada.read(["active", "stage_id", "stage_date", "facts_date"])
        self.assertEqual(after, before)
