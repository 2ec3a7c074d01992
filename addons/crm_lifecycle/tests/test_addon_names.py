from odoo.modules.migration import load_script
from odoo.tests import TransactionCase, tagged
from odoo.tools import file_path

from odoo.addons.crm_lifecycle.hooks import pre_init_hook
from odoo.addons.crm_lifecycle.renames import MODULES

MIGRATION = "crm_lifecycle/migrations/19.0.2.0.1/pre-addons.py"


@tagged("post_install", "-at_install")
class TestAddonNames(TransactionCase):
    """Addons that were renamed after 19.0.2.0.0 keep what they made."""

    def test_an_addon_that_was_only_listed_is_listed_no_more(self):
        Module = self.env["ir.module.module"]
        [(old, _new)] = MODULES.items()
        Module.search([("name", "=", old)]).unlink()
        listed = Module.create({"name": old, "state": "to install"})
        self.env.flush_all()
        pre_init_hook(self.env)
        self.assertFalse(listed.exists())

    def test_an_installed_addon_is_known_by_its_new_name(self):
        Module = self.env["ir.module.module"]
        Data = self.env["ir.model.data"]
        for old, new in MODULES.items():
            former = Module.search([("name", "=", old)]) or Module.create({"name": old})
            former.state = "installed"
            now = Module.search([("name", "=", new)])
            now.state = "uninstalled"
            record = Data.create(
                {
                    "module": old,
                    "name": "my_record",
                    "model": "res.partner",
                    "res_id": self.env.user.partner_id.id,
                }
            )
            self.env.flush_all()
            load_script(file_path(MIGRATION), "pre_addons").migrate(
                self.env.cr, "19.0.2.0.0"
            )
            self.env.invalidate_all()
            with self.subTest(addon=old):
                self.assertEqual(now.state, "to install")
                self.assertEqual(record.module, new)
                self.assertFalse(Module.search([("name", "=", old)]))
                self.assertFalse(Data.search([("module", "=", old)]))
