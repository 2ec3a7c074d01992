from datetime import timedelta

from odoo.fields import Command
from odoo.modules.migration import load_script
from odoo.tests import Form, tagged
from odoo.tools import file_path

from .common import TODAY
from .test_playbook import PlaybookCase

MIGRATION = "crm_lifecycle/migrations/19.0.2.0.0/post-plan-lines.py"


@tagged("post_install", "-at_install")
class TestPlanLines(PlaybookCase):
    """The activities of a customer plan are due after the entry into the stage.

    With Odoo's default, an activity of "7 days" was due 7 days before the entry.
    """

    def _new_plan(self, line=None, model="crm.lifecycle.profile"):
        """Create a plan with one call after 7 days, without a choice of direction."""
        call = self.env.ref("mail.mail_activity_data_call").id
        values = {"summary": "Call", "activity_type_id": call, "delay_count": 7}
        return self.env["mail.activity.plan"].create(
            {
                "name": "Welcome",
                "res_model": model,
                "template_ids": [Command.create({**values, **(line or {})})],
            }
        )

    def test_seven_days_are_seven_days_after_the_entry(self):
        self.engaged.activity_plan_id = self._new_plan()
        self._move(self.profile, self.engaged)
        self.assertEqual(
            self._work().activity_id.date_deadline, TODAY + timedelta(days=7)
        )

    def test_before_the_plan_date_may_be_chosen(self):
        line = self._new_plan({"delay_from": "before_plan_date"}).template_ids
        self.assertEqual(line.delay_from, "before_plan_date")
        line.plan_id = self._new_plan()
        self.assertEqual(line.delay_from, "before_plan_date")

    def test_plans_of_other_documents_keep_the_default_of_odoo(self):
        line = self._new_plan(model="crm.lead").template_ids
        self.assertEqual(line.delay_from, "before_plan_date")

    def test_a_line_that_is_added_in_a_form_is_due_after_the_entry(self):
        view = "crm_lifecycle.mail_activity_plan_view_form_lifecycle"
        for model, expected in (
            ("crm.lifecycle.profile", "after_plan_date"),
            ("crm.lead", "before_plan_date"),
        ):
            Plan = self.env["mail.activity.plan"].with_context(default_res_model=model)
            form = Form(Plan, view=view if expected.startswith("after") else None)
            form.name = "By hand"
            with self.subTest(model=model):
                with form.template_ids.new() as line:
                    self.assertEqual(line.delay_from, expected)
                plan = form.save()
                with Form(plan) as form, form.template_ids.new() as line:
                    self.assertEqual(line.delay_from, expected)
                self.assertEqual(plan.template_ids.mapped("delay_from"), [expected] * 2)

    def test_the_web_client_adds_a_line_without_its_plan(self):
        for model, expected in (
            ("crm.lifecycle.profile", "after_plan_date"),
            ("crm.lead", "before_plan_date"),
        ):
            Line = self.env["mail.activity.plan.template"].with_context(
                default_res_model=model
            )
            # The plan comes along, without the model, which is not on the line.
            plan = {"name": False, "active": True, "template_ids": []}
            fields = {"summary": {}, "delay_count": {}, "delay_from": {}}
            values = Line.onchange({"plan_id": plan}, [], fields)["value"]
            self.assertEqual(values["delay_from"], expected)

    def test_the_migration_changes_the_lines_of_our_addons_only(self):
        lines = [
            self._new_plan({"delay_from": "before_plan_date"}, model).template_ids
            for model in ("crm.lifecycle.profile", "crm.lifecycle.profile", "crm.lead")
        ]
        ours, users, other = lines
        for module, line in (("crm_lifecycle_risk", ours), ("crm_lifecycle", other)):
            self.env["ir.model.data"].create(
                {
                    "module": module,
                    "name": f"line_{line.id}_demo",
                    "model": line._name,
                    "res_id": line.id,
                }
            )
        self.env.flush_all()
        load_script(file_path(MIGRATION), "plan_lines").migrate(self.env.cr, "19.0.1.3")
        self.env.invalidate_all()
        self.assertEqual(ours.delay_from, "after_plan_date")
        self.assertEqual((users | other).mapped("delay_from"), ["before_plan_date"] * 2)
