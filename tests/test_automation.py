"""Odoo's own automation rules run on moves of customers."""

from datetime import timedelta

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestAutomation(LifecycleCase):
    """An admin selects “Stage is set to” in Odoo's own screen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        model = cls.env["ir.model"]._get("crm.lifecycle.profile")
        cls.automation = cls.env["base.automation"].create(
            {
                "name": "Greet the engaged",
                "model_id": model.id,
                "trigger": "on_stage_set",
                "trg_field_ref": cls.engaged.id,
                "action_server_ids": [
                    Command.create(
                        {
                            "name": "Count",
                            "model_id": model.id,
                            "state": "code",
                            "code": "record.sudo().write({'color': record.color + 1})",
                        }
                    )
                ],
            }
        )
        cls._rule(cls.engaged, [("open_lead_count", ">", 0)], cls.prospect)

    def test_the_screen_recognises_the_stage(self):
        self.assertEqual(self.automation.trigger_field_ids.name, "stage_id")
        self.assertEqual(
            self.automation.trigger_field_ids.relation, "crm.lifecycle.stage"
        )

    def test_it_fires_once_on_a_nightly_move(self):
        self._run()
        profile = self._customer()
        self.assertEqual(profile.stage_id, self.engaged)
        self.assertEqual(profile.color, 1)
        self._run()
        self._run(TODAY + timedelta(days=1))
        self.assertEqual(profile.color, 1)

    def test_it_fires_on_a_move_by_hand(self):
        profile = self._customer()
        profile.stage_id = self.prospect
        before = profile.color
        profile.with_user(self.salesperson).stage_id = self.engaged
        self.assertEqual(profile.color, before + 1)

    def test_it_never_fires_on_a_quiet_move(self):
        profile = self._customer()
        self.assertEqual(profile.stage_id, self.engaged)
        self.assertTrue(all(profile.history_ids.mapped("processed_at")))
        self.assertEqual(profile.color, 0)

    def test_a_move_that_a_move_sets_going_is_written_down_too(self):
        self.automation.action_server_ids = [
            Command.clear(),
            Command.create(
                {
                    "name": "On to customer",
                    "model_id": self.automation.model_id.id,
                    "state": "lifecycle_move",
                    "lifecycle_stage_id": self.customer.id,
                }
            ),
        ]
        self._run()
        profile = self._customer()
        self.assertEqual(profile.stage_id, self.customer)
        self.assertEqual(
            self._moves(profile),
            [
                (None, "engaged", "start"),
                ("engaged", "customer", "manual"),
            ],
        )

    def test_a_rule_of_the_admin_may_write_the_stage(self):
        """Odoo's “update record” uses the single writer as well."""
        stage = self.env["ir.model.fields"]._get("crm.lifecycle.profile", "stage_id")
        self.automation.action_server_ids = [
            Command.clear(),
            Command.create(
                {
                    "name": "Write the stage",
                    "model_id": self.automation.model_id.id,
                    "state": "object_write",
                    "update_path": "stage_id",
                    "update_field_id": stage.id,
                    "resource_ref": f"crm.lifecycle.stage,{self.customer.id}",
                }
            ),
        ]
        self._run()
        profile = self._customer()
        self.assertEqual(profile.stage_id, self.customer)
        self.assertEqual(self._moves(profile)[-1][:2], ("engaged", "customer"))
