from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import AccountLifecycleCase


@tagged("post_install", "-at_install")
class TestRules(AccountLifecycleCase):
    """Rules, tags and playbook steps that depend on debts."""

    def test_overdue_for_thirty_days_holds_on_the_thirtieth(self):
        self._rule(self.risk, [("overdue_since", "<=", "today -30d")], self.prospect)
        partner = self._partner()
        self._invoice(partner, 100, days_ago=40, due=10)
        for days, stage in [(-1, self.prospect), (0, self.risk), (1, self.risk)]:
            self._run(TODAY + timedelta(days=days))
            self.assertEqual(self._profile(partner).stage_id, stage)
            self._forget()
        [move] = self._profile(partner).history_ids.filtered("rule_id")
        self.assertEqual(move.date, TODAY)
        self.assertEqual(move.facts["overdue_since"], str(self._day(30)))

    def test_a_tag_marks_whoever_is_overdue(self):
        tag = self.env["crm.lifecycle.tag"].create(
            {
                "name": "Overdue",
                "code": "overdue",
                "lifecycle_id": self.lifecycle.id,
                "domain": repr([("overdue_amount", ">", 0)]),
            }
        )
        partner, other = self._partner("Late"), self._partner("In time")
        invoice = self._invoice(partner, 100, days_ago=10)
        self._invoice(other, 100)
        self._run()
        self.assertEqual(self._profile(partner).tag_ids, tag)
        self.assertFalse(self._profile(other).tag_ids)
        self._pay(partner, 100, on=invoice)
        self._run()
        self.assertFalse(self._profile(partner).tag_ids)

    def test_a_stage_sends_no_mail_to_whoever_is_overdue(self):
        template = self.env["mail.template"].create(
            {
                "name": "Welcome",
                "model_id": self.env["ir.model"]._get_id("crm.lifecycle.profile"),
                "subject": "Welcome",
                "body_html": "<p>Welcome</p>",
                "email_from": "us@example.com",
            }
        )
        self.customer.mail_template_id = template
        self.customer.pauses_mail_when_overdue = True
        late = self._partner("Late", email="late@example.com")
        paid = self._partner("In time", email="paid@example.com")
        self._invoice(late, 100, days_ago=10)
        self._invoice(paid, 100)
        self._run()
        for partner in late, paid:
            self._profile(partner)._lifecycle_move(self.customer, origin="manual")
        Log = self.env["crm.lifecycle.playbook.log"]
        with self.enter_registry_test_mode():
            self.env.ref("crm_lifecycle.ir_cron_playbook").method_direct_trigger()
        steps = {
            partner: Log.search([("profile_id", "=", self._profile(partner).id)])
            for partner in (late, paid)
        }
        self.assertEqual(steps[late].mapped("state"), ["skipped"])
        self.assertIn("overdue", steps[late].reason)
        self.assertEqual(steps[paid].mapped("state"), ["done"])

    # ------------------------------------------------------------
    # End of the relationship
    # ------------------------------------------------------------

    def _adopt(self, code):
        """Replace the lifecycle of the test by one made from a template."""
        self.lifecycle.state = "archived"
        lifecycle = self.env["crm.lifecycle.template"]._instantiate(code, self.company)
        lifecycle.write({"state": "active", "activation_date": "2026-01-01"})
        return lifecycle, {stage.code: stage for stage in lifecycle.stage_ids}

    def _needs_sales(self):
        if "last_order_date" not in self.env["crm.lifecycle.profile"]._fields:
            self.skipTest("This template looks at orders as well")

    def test_who_was_let_go_ends_once_nothing_is_owed(self):
        self._needs_sales()
        _lifecycle, stages = self._adopt("relationship")
        late, settled, never = map(self._partner, ("Late", "Settled", "Never invoiced"))
        invoice = self._invoice(late, 100, days_ago=400)
        self._pay(settled, 100, days_ago=380, on=self._invoice(settled, 100, 400))
        self._lead(partner_id=never.id)
        self._run()
        profiles = {
            partner: self._profile(partner) for partner in (late, settled, never)
        }
        for profile in profiles.values():
            profile._lifecycle_move(
                stages["degradation"], origin="manual", reason="Buys elsewhere"
            )
            profile.decision = "let_go"
        self._run()
        self.assertEqual(
            [profile.stage_id.code for profile in profiles.values()],
            ["degradation", "ended", "ended"],
        )
        rules = profiles[late]._explain(TODAY)["rules"]
        [ending] = [rule for rule in rules if rule["stage"] == stages["ended"]]
        self.assertFalse(ending["holds"])
        self._pay(late, 100, on=invoice)
        self._run()
        self.assertEqual(profiles[late].stage_id.code, "ended")

    def test_the_rule_left_out_is_offered_once_invoices_are_there(self):
        self._needs_sales()
        Template = self.env["crm.lifecycle.template"]
        self.assertEqual(Template._get_unavailable_items("relationship"), [])
        lifecycle, _stages = self._adopt("relationship")
        ending = lifecycle.rule_ids.filtered(lambda rule: "balance_due" in rule.domain)
        self.assertEqual(len(ending), 1)
        name = ending.name
        ending.unlink()  # a lifecycle from before the addon
        self.assertEqual(Template._get_addable(lifecycle), [name])
        rules, _tags = Template._add_available_items(lifecycle)
        self.assertEqual(rules.mapped("name"), [name])
