from datetime import datetime

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LifecycleCase


@tagged("post_install", "-at_install")
class TestVersion(LifecycleCase):
    """Versions: what the rules of a lifecycle were, and who changed them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._rule(cls.engaged, [("won_count", ">", 0)], name="Wins")

    def setUp(self):
        super().setUp()
        self._next_save()

    def _next_save(self):
        """Simulate a new transaction: one save makes one version."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE crm_lifecycle_version SET create_date = %s", [datetime(2026, 1, 1)]
        )
        self.env.invalidate_all()

    def _versions(self):
        return self.lifecycle.version_ids.sorted("number")

    def _changes(self, version=None):
        version = version or self._versions()[-1]
        return version._get_changes(version._get_previous().get(version.id))

    def test_activation_keeps_the_first_version(self):
        [first] = self.lifecycle.version_ids
        self.assertEqual((first.number, self.lifecycle.version), (1, 1))
        self.assertEqual(self._changes(first), ["The first version kept"])

    def test_one_save_makes_one_version_however_much_it_changes(self):
        self.lifecycle.with_user(self.manager).write(
            {
                "skip_policy": "forbid",
                "rule_ids": [
                    Command.update(self.rule.id, {"min_days": 3, "name": "Won"}),
                    Command.create({"name": "New", "to_stage_id": self.lost.id}),
                ],
                "stage_ids": [
                    Command.create({"name": "Gold", "code": "gold", "sequence": 9}),
                    Command.update(self.risk.id, {"follow_up_days": 7}),
                ],
            }
        )
        self.assertEqual(self.lifecycle.version, 2)
        version = self._versions()[-1]
        self.assertEqual((version.number, version.create_uid), (2, self.manager))
        self.assertEqual(
            sorted(self._changes()),
            sorted(
                [
                    "Skipping stages changed from “Allow” to “Forbid”",
                    "Stage “Risk”: Follow up after changed from “0” to “7”",
                    "Stage “Gold” added",
                    "Rule “Won”: Name changed from “Wins” to “Won”",
                    "Rule “Won”: Minimum days in stage changed from “0” to “3”",
                    "Rule “New” added",
                ]
            ),
        )

    def test_each_save_makes_a_version_of_its_own(self):
        for number, days in enumerate((3, 4, 5), start=2):
            self.rule.min_days = days
            self.assertEqual(self.lifecycle.version, number)
            self._next_save()
        self.assertEqual(self._versions().mapped("number"), [1, 2, 3, 4])

    def test_a_save_that_changes_nothing_makes_no_version(self):
        self.rule.write({"min_days": 0, "domain": self.rule.domain})
        self.lifecycle.write({"sequence": 3})
        self.assertEqual(self.lifecycle.version, 1)

    def test_a_draft_has_no_versions(self):
        draft = self.lifecycle.copy()
        draft.stage_ids[0].name = "Other"
        draft.rule_ids.min_days = 9
        self.assertEqual((draft.version, len(draft.version_ids)), (1, 0))

    def test_conditions_are_told_in_words(self):
        self.rule.domain = (
            "['|', ('first_seen_date', '<=', 'today -90d'), ('won_count', '=', 2)]"
        )
        self.assertEqual(
            self._changes(),
            [
                (
                    "Rule “Wins”: Conditions changed from “Won leads more than 0” to "
                    "“First seen on or before 90 days ago or Won leads is 2”"
                )
            ],
        )

    def test_stages_of_a_rule_are_told_by_name(self):
        self.rule.write(
            {
                "from_stage_ids": [Command.set((self.prospect | self.risk).ids)],
                "to_stage_id": self.customer.id,
            }
        )
        self.assertEqual(
            self._changes(),
            [
                "Rule “Wins”: From changed from “any stage” to “Prospect, Risk”",
                "Rule “Wins”: To changed from “Engaged” to “Customer”",
            ],
        )

    def test_what_is_deleted_and_put_in_another_order_is_told(self):
        self._rule(self.lost, [], name="Last", sequence=20)
        self._next_save()
        self.rule.sequence = 30
        self.assertEqual(
            self._changes(), ["The order of the rules changed: Last, Wins"]
        )
        self._next_save()
        self.rule.unlink()
        self.engaged.unlink()
        self.assertEqual(
            self._changes(), ["Stage “Engaged” deleted", "Rule “Wins” deleted"]
        )

    def test_tags_have_versions_too(self):
        tag = self.env["crm.lifecycle.tag"].create(
            {"name": "Silent", "code": "silent", "lifecycle_id": self.lifecycle.id}
        )
        self.assertEqual(self._changes(), ["Tag “Silent” added"])
        self._next_save()
        tag.domain = "[('won_count', '=', 0)]"
        self.assertEqual(
            self._changes(),
            ["Tag “Silent”: Conditions changed from “everybody” to “Won leads is 0”"],
        )
        self._next_save()
        tag.unlink()
        self.assertEqual(self._changes(), ["Tag “Silent” deleted"])

    def test_the_history_names_the_version_that_moved(self):
        profile = self._customer()
        self.rule.domain = "[('open_lead_count', '>', 0)]"
        self._run()
        self.assertEqual(profile.stage_id, self.engaged)
        rows = profile.history_ids.sorted("id")
        self.assertEqual(rows.mapped("lifecycle_version"), [1, 2])

    def test_nobody_changes_or_deletes_a_version(self):
        version = self._versions()
        manager = version.with_user(self.manager)
        for action in (
            lambda: manager.write({"number": 9}),
            lambda: version.write({"number": 9}),
            lambda: version.write({"snapshot": {}}),
            lambda: version.unlink(),
        ):
            with self.assertRaises(UserError):
                action()
        with self.assertRaises(UserError):
            self.env["crm.lifecycle.version"].with_user(self.manager).create(
                {"lifecycle_id": self.lifecycle.id, "number": 9, "snapshot": {}}
            )

    def test_an_older_version_is_restored_as_a_draft(self):
        self.rule.domain = "[('lost_count', '>', 3)]"
        self.rule.name = "Loses"
        self._next_save()
        self.engaged.name = "Warm"
        first = self._versions()[0].with_user(self.manager)
        action = first.action_restore()
        draft = self.env["crm.lifecycle"].browse(action["res_id"])
        self.assertEqual(
            (draft.state, draft.name, draft.company_id),
            ("draft", "Test lifecycle (version 1)", self.company),
        )
        self.assertEqual(
            draft.stage_ids.mapped("name"),
            ["Prospect", "Engaged", "Customer", "Risk", "Lost"],
        )
        self.assertEqual(draft.rule_ids.mapped("name"), ["Wins"])
        self.assertEqual(draft.rule_ids.domain, "[('won_count', '>', 0)]")
        self.assertEqual(self.lifecycle.rule_ids.name, "Loses")

    def test_restoring_keeps_what_points_into_this_database(self):
        plan = self.env["mail.activity.plan"].create(
            {"name": "Call", "res_model": "crm.lifecycle.profile"}
        )
        self.env["mail.activity.plan"].create(
            {"name": "Call", "res_model": "crm.lifecycle.profile"}
        )
        country = self.env.ref("base.cn")
        self.risk.activity_plan_id = plan
        self.rule.domain = repr([("partner_id.country_id", "=", country.id)])
        self.rule.name = "In China"
        self._next_save()
        action = self._versions()[-1].with_user(self.manager).action_restore()
        draft = self.env["crm.lifecycle"].browse(action["res_id"])
        self.assertEqual(draft.stage_ids.activity_plan_id, plan)
        self.assertEqual(draft.rule_ids.domain, self.rule.domain)

    def test_a_lifecycle_active_before_versions_gets_its_first(self):
        self.env.cr.execute("DELETE FROM crm_lifecycle_version")
        self.env.invalidate_all()
        self.env["crm.lifecycle"]._create_first_versions()
        self.env["crm.lifecycle"]._create_first_versions()
        self.assertEqual(self._versions().mapped("number"), [1])

    def test_whoever_reads_the_lifecycle_reads_what_changed(self):
        self.rule.min_days = 4
        version = self._versions()[-1].with_user(self.salesperson)
        self.assertIn("Minimum days", version.changes)

    def test_the_list_costs_the_same_however_many_versions(self):
        def read():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.lifecycle.version_ids.mapped("changes")
            return self.env.cr.sql_log_count - before

        self.rule.min_days = 1
        self._next_save()
        few = read()
        for days in range(2, 8):
            self.rule.min_days = days
            self._next_save()
        self.assertEqual(read(), few)

    def test_another_record_of_the_same_name_is_a_change(self):
        plans = self.env["mail.activity.plan"].create(
            [{"name": "Call", "res_model": "crm.lifecycle.profile"} for _ in "ab"]
        )
        self.risk.activity_plan_id = plans[0]
        self._next_save()
        self.risk.activity_plan_id = plans[1]
        self.assertEqual(self._changes(), ["Stage “Risk”: Activity Plan changed"])
        self._next_save()
        self.risk.with_context(lang="en_US").name = "Danger"
        self.assertEqual(
            self._changes(),
            ["Stage “Danger”: Name changed from “Risk” to “Danger”"],
        )

    def test_names_are_shown_as_text(self):
        self.rule.name = "<b>Bold</b>"
        self.assertIn("&lt;b&gt;Bold", self._versions()[-1].changes)
