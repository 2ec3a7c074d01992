import json

from odoo.exceptions import UserError
from odoo.tests import TransactionCase
from odoo.tools import SQL

from ..rename import Renames, apply_renames

RENAMES = Renames(
    models={"old.thing": "new.thing", "old.thing.line": "new.row"},
    fields={
        "new.thing": {"odd_tier_id": "my_tier_id"},
        "res.partner": {"old_thing_ids": "my_thing_ids"},
    },
    values={("new.thing", "code"): {"t1": "nurture"}},
    xml_ids={"base_rename": {"odd_name": "plain_name"}},
    moved={("base_rename", "base"): {"old_thing_view_form": "thing_view_form"}},
)


class TestRename(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Neither model is in the registry, as in a migration.
        cls.env.cr.execute(
            """
            CREATE TABLE old_thing (
                id serial PRIMARY KEY, code varchar, odd_tier_id integer,
                CONSTRAINT old_thing_code_uniq UNIQUE (code)
            );
            CREATE INDEX old_thing__odd_tier_id_index ON old_thing (odd_tier_id);
            CREATE TABLE old_thing_line (id serial PRIMARY KEY);
            CREATE TABLE old_thing_res_partner_rel (
                old_thing_id integer, res_partner_id integer,
                PRIMARY KEY (old_thing_id, res_partner_id)
            );
            INSERT INTO old_thing (code, odd_tier_id) VALUES ('t1', 7), ('own', NULL);
            INSERT INTO ir_model (model, name, state, "order")
            VALUES ('old.thing', '{"en_US": "Thing"}', 'base', 'id'),
                   ('old.thing.line', '{"en_US": "Line"}', 'base', 'id');
            """
        )
        cls._add_field("old.thing", "odd_tier_id", "many2one", "res.partner")
        cls._add_field("old.thing", "line_ids", "one2many", "old.thing.line")
        cls._add_field("old.thing", "partner_ids", "many2many", "res.partner")
        cls._add_field("res.partner", "old_thing_ids", "one2many", "old.thing")
        cls.env.cr.execute(
            """
            UPDATE ir_model_fields SET relation_table = 'old_thing_res_partner_rel',
                   column1 = 'old_thing_id', column2 = 'res_partner_id'
             WHERE model = 'old.thing' AND name = 'partner_ids'
            """
        )
        for name, model in (
            ("model_old_thing", "ir.model"),
            ("field_old_thing__odd_tier_id", "ir.model.fields"),
            ("old_thing_action", "ir.actions.act_window"),
            ("old_thing_view_form", "ir.ui.view"),
            ("old_thing_line_action", "ir.actions.act_window"),
            ("model_old_thing_line", "ir.model"),
            ("access_old_thing_user", "ir.model.access"),
            ("odd_name", "old.thing"),
        ):
            cls.env.cr.execute(
                SQL(
                    "INSERT INTO ir_model_data (module, name, model, res_id) "
                    "VALUES ('base_rename', %s, %s, 1)",
                    name,
                    model,
                )
            )
        cls.filters = cls._add_filters()

    @classmethod
    def _add_field(cls, model, name, ttype, relation):
        cls.env.cr.execute(
            SQL(
                "INSERT INTO ir_model_fields (model_id, model, name, ttype, relation, "
                "field_description, state, store) SELECT id, model, %s, %s, %s, "
                """'{"en_US": "A field"}', 'base', true FROM ir_model """
                "WHERE model = %s",
                name,
                ttype,
                relation,
                model,
            )
        )

    @classmethod
    def _add_filters(cls):
        filters = cls.env["ir.filters"]
        cls.env.flush_all()
        for model, domain, context, sort in (
            (
                "old.thing",
                "[('odd_tier_id.old_thing_ids.odd_tier_id', '=', 1)]",
                "{'group_by': ['odd_tier_id']}",
                '["odd_tier_id desc"]',
            ),
            ("res.partner", "[('old_thing_ids.odd_tier_id', '=', 1)]", "{}", "[]"),
        ):
            cls.env.cr.execute(
                SQL(
                    "INSERT INTO ir_filters (name, model_id, domain, context, sort, "
                    "active) VALUES (%s, %s, %s, %s, %s, true) RETURNING id",
                    model,
                    model,
                    domain,
                    context,
                    sort,
                )
            )
            filters += filters.browse(cls.env.cr.fetchone()[0])
        return filters

    def _ask(self, query):
        self.env.flush_all()
        self.env.cr.execute(query)  # pylint: disable=sql-injection
        return self.env.cr.fetchall()

    def _apply(self):
        apply_renames(self.env.cr, RENAMES)
        self.env.invalidate_all()

    def test_rows_and_values(self):
        self._apply()
        self.assertEqual(
            self._ask("SELECT code, my_tier_id FROM new_thing ORDER BY id"),
            [("nurture", 7), ("own", None)],
        )
        self._ask("INSERT INTO new_thing (code) VALUES ('another') RETURNING id")

    def test_names_in_the_database(self):
        self._apply()
        found = {
            name
            for (name,) in self._ask(
                "SELECT indexname FROM pg_indexes WHERE tablename IN "
                "('new_thing', 'new_row', 'new_thing_res_partner_rel')"
            )
        }
        self.assertEqual(
            found,
            {
                "new_thing_pkey",
                "new_thing_code_uniq",
                "new_thing__my_tier_id_index",
                "new_row_pkey",
                "new_thing_res_partner_rel_pkey",
            },
        )
        self.assertTrue(
            self._ask("SELECT new_thing_id FROM new_thing_res_partner_rel") == []
        )

    def test_models_and_fields(self):
        self._apply()
        self.assertEqual(
            self._ask(
                "SELECT model, name, relation FROM ir_model_fields "
                "WHERE model = 'new.thing' OR name = 'my_thing_ids' ORDER BY 1, 2"
            ),
            [
                ("new.thing", "line_ids", "new.row"),
                ("new.thing", "my_tier_id", "res.partner"),
                ("new.thing", "partner_ids", "res.partner"),
                ("res.partner", "my_thing_ids", "new.thing"),
            ],
        )

    def test_xml_ids(self):
        self._apply()
        self.assertEqual(
            sorted(
                self._ask(
                    "SELECT module, name FROM ir_model_data "
                    "WHERE name ~ 'thing|new_row|^(odd|plain)_name$' AND module IN "
                    "('base', 'base_rename') "
                    "AND name ~ '(new|old)_|^plain_name$|^thing_view'"
                )
            ),
            [
                ("base", "thing_view_form"),
                ("base_rename", "access_new_thing_user"),
                ("base_rename", "field_new_thing__my_tier_id"),
                ("base_rename", "model_new_row"),
                ("base_rename", "model_new_thing"),
                ("base_rename", "new_row_action"),
                ("base_rename", "new_thing_action"),
                ("base_rename", "plain_name"),
            ],
        )

    def test_saved_filters(self):
        self._apply()
        self.assertRecordValues(
            self.filters,
            [
                {
                    "model_id": "new.thing",
                    "domain": "[('my_tier_id.my_thing_ids.my_tier_id', '=', 1)]",
                    "context": "{'group_by': ['my_tier_id']}",
                    "sort": '["my_tier_id desc"]',
                },
                {
                    "model_id": "res.partner",
                    "domain": "[('my_thing_ids.my_tier_id', '=', 1)]",
                    "context": "{}",
                    "sort": "[]",
                },
            ],
        )

    def test_exports_and_code(self):
        export = self.env["ir.exports"].create(
            {
                "name": "Contacts",
                "resource": "res.partner",
                "export_fields": [(0, 0, {"name": "old_thing_ids/odd_tier_id"})],
            }
        )
        action = self.env["ir.actions.server"].create(
            {
                "name": "Code",
                "model_id": self.env.ref("base.model_res_partner").id,
                "state": "code",
                "code": "env['old.thing'].search([]); record.old_thing_ids.odd_tier_id",
            }
        )
        self.env.flush_all()
        self._apply()
        self.assertEqual(export.export_fields.name, "my_thing_ids/my_tier_id")
        self.assertEqual(
            action.code, "env['new.thing'].search([]); record.my_thing_ids.my_tier_id"
        )

    def test_dashboard(self):
        attachment = self.env["ir.attachment"].create(
            {
                "name": "spreadsheet_binary_data",
                "res_field": "spreadsheet_binary_data",
                "raw": json.dumps(
                    {"lists": {"1": {"model": "old.thing", "columns": ["odd_tier_id"]}}}
                ),
            }
        )
        self.env.flush_all()
        self._ask(
            "UPDATE ir_attachment SET res_model = 'spreadsheet.dashboard' "
            f"WHERE id = {attachment.id} RETURNING id"
        )
        self._apply()
        self.assertEqual(
            json.loads(attachment.raw)["lists"]["1"],
            {"model": "new.thing", "columns": ["my_tier_id"]},
        )

    def test_xml_ids_in_dashboards(self):
        board = self.env["ir.attachment"].create(
            {
                "name": "spreadsheet_binary_data",
                "res_field": "spreadsheet_binary_data",
                "raw": json.dumps({"chartOdooMenusReferences": {"1": "base_old.menu"}}),
            }
        )
        self.env.flush_all()
        self._ask(
            "UPDATE ir_attachment SET res_model = 'spreadsheet.dashboard' "
            f"WHERE id = {board.id} RETURNING id"
        )
        apply_renames(self.env.cr, Renames(modules={"base_old": "base_new"}))
        self.env.invalidate_all()
        self.assertEqual(
            json.loads(board.raw), {"chartOdooMenusReferences": {"1": "base_new.menu"}}
        )

    def test_twice_changes_nothing(self):
        self._apply()
        before = self._ask("SELECT * FROM ir_model_data ORDER BY id")
        self._apply()
        self.assertEqual(self._ask("SELECT * FROM ir_model_data ORDER BY id"), before)

    def test_addons_are_marked_with_what_they_need(self):
        modules = self.env["ir.module.module"]
        vals = {"state": "uninstalled", "author": "Test"}
        needed, wanted, other, former = modules.create(
            [{**vals, "name": f"base_rename_{name}"} for name in "abcd"]
        )
        former.state = "installed"
        self.env["ir.module.module.dependency"].create(
            {"module_id": wanted.id, "name": needed.name}
        )
        self.env.flush_all()
        apply_renames(
            self.env.cr,
            Renames(installed={wanted.name: former.name, other.name: needed.name}),
        )
        self.env.invalidate_all()
        self.assertEqual(
            (needed + wanted + other).mapped("state"),
            ["to install", "to install", "uninstalled"],
        )

    def test_an_addon_with_another_name(self):
        modules = self.env["ir.module.module"]
        old, new, needed = modules.create(
            [
                {"name": f"base_rename_{name}", "state": state, "author": "Test"}
                for name, state in (
                    ("old", "installed"),
                    ("new", "uninstalled"),
                    ("needed", "uninstalled"),
                )
            ]
        )
        self.env["ir.module.module.dependency"].create(
            [
                {"module_id": old.id, "name": "base"},
                {"module_id": new.id, "name": needed.name},
            ]
        )
        former = old.name
        thing = self.env["ir.model"].search([], limit=1)
        data = self.env["ir.model.data"].create(
            [
                {"module": former, "name": name, "model": "ir.model", "res_id": 1}
                for name in ("a_view", "a_field")
            ]
        )
        constraint = self.env["ir.model.constraint"].create(
            {"name": "a_check", "module": old.id, "model": thing.id, "type": "u"}
        )
        view = self.env["ir.ui.view"].create(
            {"name": "Page", "type": "qweb", "key": f"{former}.page", "arch": "<p/>"}
        )
        action = self.env["ir.actions.server"].create(
            {
                "name": "Code",
                "model_id": thing.id,
                "state": "code",
                "code": f"env.ref('{former}.a_view'); env.ref('{former}_b.c')",
            }
        )
        self.env.flush_all()
        apply_renames(self.env.cr, Renames(modules={former: new.name}))
        self.env.invalidate_all()
        self.assertFalse(old.exists())
        self.assertFalse(self._ask_module_ids(former))
        self.assertEqual((new + needed).mapped("state"), ["to install"] * 2)
        self.assertEqual(set(data.mapped("module")), {new.name})
        self.assertEqual(constraint.module, new)
        self.assertEqual(view.key, f"{new.name}.page")
        self.assertEqual(
            action.code, f"env.ref('{new.name}.a_view'); env.ref('{former}_b.c')"
        )

    def _ask_module_ids(self, name):
        return self._ask(
            "SELECT id FROM ir_model_data WHERE module = 'base' "
            f"AND name = 'module_{name}' OR module = '{name}'"
        )

    def test_an_addon_that_was_not_installed_is_only_forgotten(self):
        old, new = self.env["ir.module.module"].create(
            [
                {"name": f"base_rename_{name}", "state": "uninstalled"}
                for name in ("old", "new")
            ]
        )
        self.env.flush_all()
        apply_renames(self.env.cr, Renames(modules={old.name: new.name}))
        self.env.invalidate_all()
        self.assertFalse(old.exists())
        self.assertEqual(new.state, "uninstalled")

    def test_a_folder_with_the_old_name_stops_the_upgrade(self):
        renames = Renames(modules={"base_rename": "base_import"})
        with self.assertRaisesRegex(UserError, "Delete the folder base_rename"):
            apply_renames(self.env.cr, renames)
