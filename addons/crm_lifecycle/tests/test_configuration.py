from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from .common import LifecycleCase


@tagged("post_install", "-at_install")
class TestConfiguration(LifecycleCase):
    def test_conditions_that_cannot_be_used_are_refused_by_name(self):
        for domain in [
            "[('no_such_field', '=', 1)]",
            "[('won_count', '=')]",
            "import os",
            "[('first_seen_date', '<=', 'next full moon')]",
            "[('won_count', 'resembles', 1)]",
            "[('partner_id.no_such_field', '=', 1)]",
            "[('partner_id.country_id', '<', {})]",
            "[('partner_id', 'any', [('country_id', 'in', [{}, b'1'])])]",
        ]:
            with (
                self.subTest(domain=domain),
                self.assertRaisesRegex(ValidationError, "rule “Strange”"),
            ):
                self._rule(self.engaged, [], name="Strange").domain = domain

    def test_conditions_that_no_text_can_have_are_refused_in_words(self):
        """Regression: creating ended in a server error, unlike writing."""
        for text in ("\ud800", "[('won_count', '=', '\0')]"):
            for record in (self.lifecycle, self._rule(self.engaged, [])):
                with (
                    self.subTest(text=text, model=record._name),
                    self.assertRaises(UserError),
                ):
                    record.copy({"domain": text})

    def test_stages_of_another_lifecycle_are_refused(self):
        other = self.lifecycle.copy()
        with self.assertRaisesRegex(ValidationError, "another lifecycle"):
            self._rule(other.stage_ids[0], [])

    def test_a_copy_has_its_own_stages_and_rules(self):
        self._rule(self.engaged, [("won_count", ">", 0)], self.prospect)
        copy = self.lifecycle.copy()
        self.assertEqual(copy.state, "draft")
        self.assertEqual(
            copy.stage_ids.mapped("code"), self.lifecycle.stage_ids.mapped("code")
        )
        self.assertEqual(copy.rule_ids.to_stage_id.lifecycle_id, copy)
        self.assertEqual(copy.rule_ids.from_stage_ids.lifecycle_id, copy)
        self.assertEqual(copy.rule_ids.domain, self.lifecycle.rule_ids.domain)

    def test_conditions_of_a_copy_name_its_own_stages_and_tags(self):
        tag = self.env["crm.lifecycle.tag"].create(
            {"name": "New", "code": "new", "lifecycle_id": self.lifecycle.id}
        )
        self._rule(
            self.engaged, [("tag_ids", "in", tag.ids), ("stage_id", "!=", self.lost.id)]
        )
        copy = self.lifecycle.copy()
        lost = copy.stage_ids.filtered(lambda stage: stage.code == "lost")
        self.assertEqual(
            copy.rule_ids.domain,
            repr([("tag_ids", "in", copy.tag_ids.ids), ("stage_id", "!=", lost.id)]),
        )

    def test_a_lifecycle_without_stages_is_not_activated(self):
        empty = self.env["crm.lifecycle"].create({"name": "Empty"})
        with self.assertRaisesRegex(UserError, "no stages"):
            empty.action_activate()

    def test_an_archived_lifecycle_moves_nobody(self):
        profile = self._customer()
        self._rule(self.engaged, [])
        self.lifecycle.action_archive()
        self._run()
        self.assertEqual(profile.stage_id, self.prospect)

    def test_a_manager_runs_by_hand(self):
        lead = self._lead()
        action = self.lifecycle.with_user(self.manager).action_run()
        run = self.env["crm.lifecycle.run"].browse(action["res_id"])
        self.assertEqual(run.state, "done")
        self.assertTrue(self._profile(lead))

    def test_a_server_action_moves_profiles_contacts_and_leads(self):
        for model in ("crm.lifecycle.profile", "res.partner", "crm.lead"):
            with self.subTest(model=model):
                profile = self._customer(model)
                action = self.env["ir.actions.server"].create(
                    {
                        "name": "To risk",
                        "model_id": self.env["ir.model"]._get_id(model),
                        "state": "lifecycle_move",
                        "lifecycle_stage_id": self.risk.id,
                    }
                )
                self.assertFalse(action.warning)
                record = {
                    "res.partner": profile.partner_id,
                    "crm.lead": profile.partner_id.opportunity_ids,
                }.get(model, profile)
                action.with_user(self.leader).with_context(
                    active_model=model, active_ids=record.ids, active_id=record.id
                ).run()
                self.assertEqual(profile.stage_id, self.risk)
                self.assertEqual(profile.history_ids.sorted("id")[-1].reason, "To risk")

    def test_a_server_action_is_named_after_its_stage(self):
        action = Form(self.env["ir.actions.server"])
        action.model_id = self.env["ir.model"]._get("res.partner")
        action.state = "lifecycle_move"
        self.assertIn("Choose the lifecycle stage", action.warning)
        action.lifecycle_stage_id = self.risk
        self.assertFalse(action.warning)
        self.assertEqual(action.name, f"Move to Test lifecycle: {self.risk.name}")
        action.lifecycle_stage_id = self.lost
        self.assertEqual(action.name, f"Move to Test lifecycle: {self.lost.name}")

    def test_a_server_action_on_a_strange_model_warns(self):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Odd",
                "model_id": self.env["ir.model"]._get_id("res.country"),
                "state": "lifecycle_move",
            }
        )
        self.assertIn("Choose the lifecycle stage", action.warning)
        self.assertIn("Only customer profiles", action.warning)
