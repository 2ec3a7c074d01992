"""Activating a lifecycle for existing customers is quiet."""

from datetime import timedelta

from odoo.tests import tagged

from .common import TODAY
from .test_playbook import PlaybookCase

CUSTOMERS = 300


@tagged("post_install", "-at_install")
class TestPlaybookActivation(PlaybookCase):
    """Each stage of the lifecycle has a playbook with every kind of step."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partners = cls.env["res.partner"].create(
            [
                {
                    "name": f"Customer {number}",
                    "email": f"customer{number}@example.com",
                    "company_id": cls.company.id,
                    "user_id": cls.salesperson.id,
                }
                for number in range(CUSTOMERS)
            ]
        )
        # Every tenth customer has two leads, and moves on at once.
        leads = cls.env["crm.lead"].create(
            [
                {
                    "name": partner.name,
                    "partner_id": partner.id,
                    "company_id": cls.company.id,
                    "user_id": cls.salesperson.id,
                }
                for partner in [*cls.partners, *cls.partners[::10]]
            ]
        )
        cls._set_create_date(leads, 30)
        cls.old_lifecycle, cls.old_profile = cls.lifecycle, cls.profile
        cls.lifecycle = cls.old_lifecycle.copy()
        for stage in cls.lifecycle.stage_ids:
            setattr(cls, stage.code, stage)
        cls.lifecycle.stage_ids.write(
            {
                "enter_action_ids": cls._action().ids,
                "exit_action_ids": cls._action().ids,
                "activity_plan_id": cls._plan().id,
                "mail_template_id": cls._template().id,
                "follow_up_days": 3,
                "follow_up_since": "2026-01-01",
            }
        )
        cls._rule(cls.customer, [("open_lead_count", ">", 1)], cls.prospect)

    def _activate(self):
        self._run()
        self._work()
        self.assertEqual(len(self._get_profiles()), CUSTOMERS)
        self.before = self._count()
        self.old_lifecycle.state = "archived"
        self.lifecycle.with_user(self.manager).action_activate()
        # In a test, everything happens within one second.
        self.env["crm.lifecycle.run"].search([]).write({"date_start": "2026-01-01"})
        self.lifecycle.activation_date = "2026-01-02"
        self._run()

    def _get_profiles(self):
        return self.env["crm.lifecycle.profile"].search(
            [("partner_id", "in", self.partners.ids)]
        )

    def _count(self):
        """Return the numbers of mails, activities and steps."""
        return [
            self.env[model].with_context(active_test=False).search_count([])
            for model in ("mail.mail", "mail.activity", "crm.lifecycle.playbook.log")
        ]

    def test_no_email_and_no_activity_comes_of_it(self):
        self._activate()
        stages = self._get_profiles().mapped("stage_id")
        self.assertEqual(stages, self.prospect | self.customer)
        self.assertFalse(self._waiting())
        self.assertFalse(self._work())
        self.assertEqual(self._count(), self.before)

    def test_nor_does_one_in_the_days_that_follow(self):
        """All follow-ups become due at once, and no one could make all these calls."""
        self._activate()
        for number in (1, 3, 4, 30):
            self._run(TODAY + timedelta(days=number))
            self.assertFalse(self._work())
        self.assertEqual(self._count(), self.before)
        due = self._get_profiles().filtered("follow_up_date")
        self.assertEqual(len(due), CUSTOMERS)

    def test_the_next_real_move_sends_its_one(self):
        self._activate()
        profile = self._get_profiles().filtered(
            lambda item: item.stage_id == self.prospect
        )[0]
        self._lead(partner_id=profile.partner_id.id)
        self._run(TODAY + timedelta(days=1))
        steps = self._work()
        self.assertEqual(steps.profile_id, profile)
        self.assertEqual(steps.mapped("kind"), ["exit", "enter", "plan", "mail"])
        self.assertEqual(set(steps.mapped("state")), {"done"})
        self.assertEqual(len(self._mails(profile)), 1)
        self.assertEqual(len(self._activities(profile)), 1)
        self.assertFalse(self._work())

    def test_bringing_the_past_in_is_as_quiet(self):
        """Replay the past months before the first run."""
        self.old_lifecycle.state = "archived"
        self.lifecycle.with_user(self.manager).action_activate()
        before = self._count()
        today = self.company._lifecycle_today()
        self.env["crm.lifecycle"]._replay(
            self.company, today - timedelta(days=90), today
        )
        self.env.invalidate_all()
        self.assertTrue(self._get_profiles().stage_id)
        self.assertFalse(self._work())
        self._run(today)
        self.assertFalse(self._work())
        self.assertEqual(self._count(), before)
