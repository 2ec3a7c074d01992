"""Every text of our addons has a Chinese translation."""

import io
from pathlib import Path

import polib

from odoo.modules import get_module_path
from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import trans_export

# Addons without a text that users read.
WITHOUT_TEXTS = {"base_rename", "spreadsheet_dashboard_sample_translation"}


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    def test_nothing_is_left_untranslated(self):
        addons = self.env["ir.module.module"].search(
            [
                ("state", "=", "installed"),
                ("author", "=", "Customer Lifecycle for Odoo"),
            ]
        )
        self.assertTrue(addons)
        for addon in addons.mapped("name"):
            buffer = io.BytesIO()
            trans_export(False, [addon], buffer, "po", self.env)
            source = polib.pofile(buffer.getvalue().decode())
            path = Path(get_module_path(addon), "i18n", "zh_CN.po")
            if addon in WITHOUT_TEXTS:
                self.assertFalse(source)
                continue
            entries = polib.pofile(str(path))
            chinese = {entry.msgid for entry in entries if entry.msgstr}
            with self.subTest(addon=addon):
                self.assertTrue(source)
                missing = {entry.msgid for entry in source} - chinese
                self.assertFalse(missing)
                # The browser only gets terms that are marked for it.
                unmarked = self._get_browser_terms(source)
                self.assertFalse(unmarked - self._get_browser_terms(entries))

    def _get_browser_terms(self, entries):
        return {entry.msgid for entry in entries if "odoo-javascript" in entry.comment}
