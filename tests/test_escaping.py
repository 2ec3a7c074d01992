"""Names and texts that users type stay text in all HTML made of them."""

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY, LifecycleCase

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "<a href='javascript:alert(1)'>x</a>",
    "{{ 7 * 7 }}<t t-out='1'/>",
)
# Texts that would have an effect if they were not escaped.
LIVE = ("<script>alert", "<img src=x", "<svg onload", "href='javascript:", "<t t-out")


@tagged("post_install", "-at_install")
class TestEscaping(LifecycleCase):
    def _assert_escaped(self, html, where):
        html = html.decode() if isinstance(html, bytes) else str(html or "")
        for live in LIVE:
            self.assertNotIn(live, html, where)
        return html

    def _build(self, payload):
        """Use the text in all names, and move a customer."""
        self.lifecycle.name = payload
        for stage in self.lifecycle.stage_ids:
            stage.write({"name": payload, "goal": payload})
        self._rule(self.engaged, [("open_lead_count", ">", 0)], self.prospect).write(
            {"name": payload}
        )
        self._rule(
            self.customer, [("partner_id.name", "=", payload)], self.engaged
        ).write({"name": payload})
        self.env["crm.lifecycle.tag"].create(
            {"name": payload, "code": "x", "lifecycle_id": self.lifecycle.id}
        )
        profile = self._customer(payload, user_id=self.salesperson.id)
        profile.with_context(lifecycle_reason=payload).stage_id = self.risk
        profile.activity_schedule("mail.mail_activity_data_todo", summary=payload)
        return profile

    def test_no_field_or_paper_has_it_as_html(self):
        for payload in PAYLOADS:
            with self.subTest(payload=payload), self.env.cr.savepoint() as savepoint:
                profile = self._build(payload)
                records = profile | profile.browse()
                self._look_at(records, profile.history_ids, self.lifecycle)
                self._look_at(self.lifecycle.version_ids, self.lifecycle.rule_ids)
                self._look_at_wizards(profile)
                for report in ("crm_lifecycle_privacy.report_personal_data",):
                    html, _type = self.env["ir.actions.report"]._render_qweb_html(
                        report, profile.ids
                    )
                    self._assert_escaped(html, report)
                savepoint.rollback()
                self.env.invalidate_all()

    def _look_at(self, *recordsets):
        """Read all HTML that the records compute."""
        for records in recordsets:
            for name, field in records._fields.items():
                if field.type == "html" and field.compute:
                    for record in records:
                        self._assert_escaped(record[name], f"{records._name}.{name}")

    def _look_at_wizards(self, profile):
        manager = self.manager
        other = self.lifecycle.copy()
        wizards = {
            "crm.lifecycle.preview": {"lifecycle_id": other.id, "as_of": TODAY},
            "crm.lifecycle.test": {
                "lifecycle_id": other.id,
                "profile_id": profile.id,
                "as_of": TODAY,
            },
            "crm.lifecycle.transfer": {
                "profile_ids": [Command.set(profile.ids)],
                "lifecycle_id": self.lifecycle.id,
                "reason": "x",
            },
        }
        for model, values in wizards.items():
            wizard = self.env[model].with_user(manager).create(values)
            shown = self._look_at(wizard)
            self.assertFalse(shown)
        compare = (
            self.env["crm.lifecycle.compare"]
            .with_user(manager)
            .create(
                {
                    "company_id": self.company.id,
                    "as_of": TODAY,
                    "left": f"lifecycle:{self.lifecycle.id}",
                    "right": f"lifecycle:{other.id}",
                }
            )
        )
        compare.action_compare()
        self._assert_escaped(compare.result, "crm.lifecycle.compare.result")
