"""Random pairs of customers are merged: they are as if they had always been one.

Each pair has random histories and something of every addon: activities, visits, risk
cases, answers to surveys, purchases and points. Some are in several companies' eyes the
same person, whatever the direction of the merge is.
"""

import random
from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.engine.stages import CUSTOMERS
from odoo.addons.crm_lifecycle.tests.common import TODAY, LifecycleCase
from odoo.addons.crm_lifecycle_risk.risk_check import RiskCheck

from tests.thorough import rounds

PAIRS = rounds(6, 200)
FLOWS = ("new", "reactivated", "churned")


@tagged("post_install", "-at_install")
class TestMergePairs(LifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = random.Random(22)
        cls.stages = cls.lifecycle.stage_ids
        cls.customer.mail_template_id = cls.env["mail.template"].create(
            {
                "name": "Welcome",
                "model_id": cls.env["ir.model"]._get_id("crm.lifecycle.profile"),
                "subject": "Welcome",
                "body_html": "Welcome",
            }
        )
        cls.customer.visit_days = 30
        cls.survey = cls.env["survey.survey"].create({"title": "How are you?"})
        cls.program = cls.env["loyalty.program"].create(
            {"name": "Points", "program_type": "loyalty", "company_id": cls.company.id}
        )
        cls.pairs = [cls._make_pair(number) for number in range(PAIRS)]
        cls.profiles = cls.env["crm.lifecycle.profile"].union(
            *(profile for pair in cls.pairs for profile in pair)
        )
        cls._finish()

    @classmethod
    def _make_pair(cls, number):
        return [cls._make_customer(f"{number} {side}") for side in ("one", "two")]

    @classmethod
    def _make_customer(cls, name):
        """Return a customer with a random past, and something of every addon."""
        choose = cls.random
        days = choose.randint(20, 500)
        partner = cls._partner(name, email=f"pair{name.split()[0]}@example.com")
        cls._lead(days, partner_id=partner.id)
        profile = cls.env["crm.lifecycle.profile"].create({"partner_id": partner.id})
        profile.user_id = cls.salesperson
        for _step in range(choose.randint(0, 4)):
            days = choose.randint(1, days)
            profile._lifecycle_move(
                choose.choice(cls.stages),
                origin="rule",
                as_of=TODAY - timedelta(days=days),
            )
        cls.env.flush_all()
        cls.env["crm.lifecycle.visit"].create(
            {"profile_id": profile.id, "user_id": cls.salesperson.id}
        )
        if choose.random() < 0.5:
            cls.env["crm.lifecycle.risk.case"].create({"profile_id": profile.id})
        profile.activity_schedule("mail.mail_activity_data_call", summary="Call")
        cls.env["survey.user_input"].create(
            {"survey_id": cls.survey.id, "partner_id": partner.id, "state": "done"}
        )
        cls.env["crm.lifecycle.purchase.import"].create(
            {
                "partner_id": partner.id,
                "company_id": cls.company.id,
                "name": name,
                "date": TODAY - timedelta(days=choose.randint(0, 400)),
                "amount": choose.randint(1, 500),
            }
        )
        cls.env["loyalty.card"].create(
            {
                "partner_id": partner.id,
                "program_id": cls.program.id,
                "points": choose.randint(1, 100),
            }
        )
        return profile

    @classmethod
    def _finish(cls):
        """Do a run, the steps of its moves, and the daily check of risks."""
        cls._run()
        Log = cls.env["crm.lifecycle.playbook.log"]
        waiting = [("processed_at", "=", False), ("company_id", "=", cls.company.id)]
        for row in cls.env["crm.lifecycle.history"].search(waiting, order="id"):
            Log._process_move(row.id)
        RiskCheck(cls.company).run()
        cls.env.flush_all()
        cls.env.invalidate_all()

    def _count(self):
        """Return what a merge must not change."""
        mine = [("company_id", "=", self.company.id)]
        Growth = self.env["crm.lifecycle.growth.report"]
        Case = self.env["crm.lifecycle.risk.case"]
        return {
            "mails": self.env["mail.mail"].search_count([]),
            "steps": self.env["crm.lifecycle.playbook.log"].search_count(
                [*mine, ("state", "=", "done")]
            ),
            "cases": Case.search_count(mine),
            "closed": Case.search_count([*mine, ("state", "in", ("saved", "lost"))]),
            "visits": self.env["crm.lifecycle.visit"].search_count(mine),
            "purchases": sum(
                self.env["crm.lifecycle.purchase"].search(mine).mapped("amount")
            ),
            "points": sum(
                self.env["loyalty.card"]
                .search([("program_id", "=", self.program.id)])
                .mapped("points")
            ),
            **{
                kind: Growth.search_count([*mine, ("kind", "=", kind)])
                for kind in FLOWS
            },
        }

    def _get_expected_stage(self, pair):
        """Return the profile whose stage remains: a customer, else the older one."""
        return max(
            pair,
            key=lambda item: (
                item.stage_id.category in CUSTOMERS,
                -item.first_seen_date.toordinal(),
                item == pair[0],
            ),
        )

    def test_merged_pairs_are_as_if_they_had_always_been_one(self):
        before = self._count()
        self.assertTrue(before["mails"] and before["purchases"] and before["points"])
        expected = {}
        for one, two in self.pairs:
            kept = self._get_expected_stage((one, two))
            expected[one] = {
                "stage": (kept.stage_id, kept.stage_date),
                "first": min(one.first_seen_date, two.first_seen_date),
                "history": one.history_ids | two.history_ids,
                "activities": self._get_activities(one | two),
                "visits": one.visit_ids | two.visit_ids,
                "partner": one.partner_id,
            }
        for one, two in self.pairs:
            Wizard = self.env["base.partner.merge.automatic.wizard"]
            Wizard._merge((one | two).partner_id.ids, one.partner_id)
        self.env.flush_all()
        self.env.invalidate_all()
        self._check_pairs(expected)
        self._finish()
        self._check_pairs(expected)
        self.assertEqual(self._count(), before)
        self._check_a_full_run_changes_nothing()

    def _get_activities(self, profiles):
        """Return the activities but those of visits, one of which is cancelled."""
        activities = self.env["mail.activity"].search(
            [("res_model", "=", profiles._name), ("res_id", "in", profiles.ids)]
        )
        return activities.filtered(lambda item: item.summary == "Call")

    def _check_pairs(self, expected):
        for profile, known in expected.items():
            self.assertEqual((profile.stage_id, profile.stage_date), known["stage"])
            self.assertEqual(profile.first_seen_date, known["first"])
            more = profile.history_ids - known["history"]
            self.assertLessEqual(known["history"], profile.history_ids)
            self.assertEqual(more.mapped("origin"), ["merge"])
            self.assertEqual(self._get_activities(profile), known["activities"])
            self.assertEqual(profile.visit_ids, known["visits"])
            answers = self.env["survey.user_input"].search_count(
                [("partner_id", "=", known["partner"].id)]
            )
            self.assertEqual(answers, 2)

    def _check_a_full_run_changes_nothing(self):
        profiles = self.profiles.exists()
        names = [*profiles._get_fact_fields(), "stage_id", "stage_date", "active"]
        before = profiles.read(names)
        self._run(full=True)
        self.assertEqual(profiles.read(names), before)
