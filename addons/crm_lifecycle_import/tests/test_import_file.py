import base64
import json

from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import LifecycleCase


@tagged("post_install", "-at_install")
class TestImportFile(LifecycleCase):
    """The wizard makes a draft lifecycle of an exported file."""

    def _wizard(self, **vals):
        return self.env["crm.lifecycle.import"].with_user(self.manager).create(vals)

    def test_a_manager_imports_an_exported_file(self):
        lifecycle = self.lifecycle.with_user(self.manager)
        action = self._wizard(
            file=lifecycle.export_file, file_name="a.json"
        ).action_import()
        self.assertEqual(action["res_model"], "crm.lifecycle")
        imported = self.env["crm.lifecycle"].browse(action["res_id"])
        self.assertEqual(imported.state, "draft")
        self.assertEqual(imported.stage_ids.mapped("code")[0], "prospect")

    def test_what_was_left_out_is_listed_before_the_lifecycle_opens(self):
        data = json.loads(self.env["crm.lifecycle.file"]._export(self.lifecycle))
        data["lifecycle"]["stages"][0]["other"] = "<b>"
        wizard = self._wizard(file=base64.b64encode(json.dumps(data).encode()))
        self.assertEqual(wizard.action_import()["res_model"], wizard._name)
        self.assertIn("“other” is not known here", wizard.left_out)
        self.assertIn("other", str(wizard.lifecycle_id.message_ids.mapped("body")))
        self.assertEqual(wizard.action_open()["res_id"], wizard.lifecycle_id.id)

    def test_the_choice_to_include_actions_is_an_administrators(self):
        with self.assertRaises(AccessError):
            self._wizard(file="e30=", with_actions=True)

    def test_a_manager_imports_into_companies_of_their_own(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        with self.assertRaises(AccessError):
            self._wizard(file="e30=", company_id=other.id)
        wizard = self._wizard(file="e30=", company_id=self.company.id)
        with self.assertRaises(AccessError):
            wizard.company_id = other
