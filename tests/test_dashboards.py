"""The dashboards equal the output of script/dashboards, and query existing fields."""

import json
from pathlib import Path

from odoo.tests import TransactionCase, tagged

from odoo.addons.spreadsheet.utils.validate_data import (
    fields_in_spreadsheet,
    menus_xml_ids_in_spreadsheet,
    odoo_charts,
)

from script.dashboards import DASHBOARDS, get_files

ROOT = Path(__file__).resolve().parents[1]


@tagged("post_install", "-at_install")
class TestDashboards(TransactionCase):
    def _get_matchings(self, data):
        """Yield the (model, field matching) of each data source."""
        for question in (*data["pivots"].values(), *data["lists"].values()):
            yield question["model"], question["fieldMatching"]
        for chart in odoo_charts(data):
            yield chart["metaData"]["resModel"], chart["fieldMatching"]

    def _get_type(self, model, chain):
        """Return the type of the field at the end of a chain."""
        *path, last = chain.split(".")
        for name in path:
            model = self.env[model]._fields[name].comodel_name
        return self.env[model]._fields[last].type

    def test_files_are_what_is_made(self):
        for path, text in get_files().items():
            with self.subTest(path=path):
                self.assertEqual((ROOT / path).read_text("utf-8"), text)

    def test_all_that_is_asked_for_exists(self):
        for dashboard in DASHBOARDS:
            data = dashboard.render()
            with self.subTest(dashboard=dashboard.path):
                for model, names in fields_in_spreadsheet(data).items():
                    for name in names:
                        self.assertTrue(self._get_type(model, name), name)
                for menu in menus_xml_ids_in_spreadsheet(data):
                    self.assertTrue(self.env.ref(menu).action or menu, menu)

    def test_filters_hold_for_fields_of_their_kind(self):
        for dashboard in DASHBOARDS:
            data = dashboard.render()
            models = {
                item["id"]: item.get("modelName") for item in data["globalFilters"]
            }
            for model, matching in self._get_matchings(data):
                with self.subTest(dashboard=dashboard.path, model=model):
                    for key, match in matching.items():
                        self.assertIn(key, models)
                        self.assertEqual(
                            self._get_type(model, match["chain"]), match["type"]
                        )

    def test_samples_ask_for_nothing(self):
        for dashboard in DASHBOARDS:
            data = dashboard.render(sample=True)
            with self.subTest(dashboard=dashboard.path):
                self.assertFalse(data["pivots"] or data["lists"] or odoo_charts(data))
                self.assertNotIn("ODOO.", json.dumps(data))
                self.assertNotIn("PIVOT", json.dumps(data))

    def test_dashboards_are_installed_for_their_readers(self):
        """Users who work with customers or points see the dashboards, others do not."""
        dashboards = self.env["spreadsheet.dashboard"].search([])
        ours = dashboards.filtered(
            lambda dashboard: (
                (dashboard.sample_dashboard_file_path or "").split("/")[0]
                in {path.split("/")[1] for path in get_files()}
            )
        )
        self.assertEqual(len(ours), len(DASHBOARDS))
        for dashboard in ours:
            with self.subTest(dashboard=dashboard.name):
                self.assertTrue(dashboard.is_published)
                self.assertTrue(dashboard.main_data_model_ids)
                self.assertTrue(dashboard._get_sample_dashboard())
                self.assertNotIn(self.env.ref("base.group_user"), dashboard.group_ids)
