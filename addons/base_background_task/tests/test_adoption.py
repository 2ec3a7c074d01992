from odoo.tests import TransactionCase, tagged
from odoo.tools import sql

from odoo.addons.base_rename.rename import Renames, apply_renames

from .. import hooks


def reverse(renames):
    """Return the renames that lead back to an earlier database."""
    back = {new: old for old, new in renames.models.items()}
    return Renames(
        models=back,
        fields={
            back[model]: {new: old for old, new in fields.items()}
            for model, fields in renames.fields.items()
        },
        moved={
            (target, module): {new: old for old, new in names.items()}
            for (module, target), names in renames.moved.items()
        },
    )


# What has the name of a model, table or addon in it.
SNAPSHOT = {
    "tables": "SELECT relname, relkind FROM pg_class "
    "WHERE relname ~ '^(background_task|crm_lifecycle_task)'",
    "columns": "SELECT table_name, column_name FROM information_schema.columns "
    "WHERE table_name IN ('background_task', 'crm_lifecycle_task')",
    "constraints": "SELECT conname FROM pg_constraint "
    "WHERE conname ~ '^(background_task|crm_lifecycle_task)'",
    "models": "SELECT id, model FROM ir_model",
    "fields": "SELECT id, model, name, relation FROM ir_model_fields",
    "reflected constraints": "SELECT id, name, module FROM ir_model_constraint",
    "xml ids": "SELECT id, module, name, model, res_id FROM ir_model_data",
    "views": "SELECT id, model FROM ir_ui_view",
    "actions": "SELECT id, res_model FROM ir_act_window",
    "messages": "SELECT id, model FROM mail_message",
}


@tagged("post_install", "-at_install")
class TestAdoption(TransactionCase):
    """Installation over a database in which crm_lifecycle had the tasks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.task = cls.env["background.task"].create(
            {
                "name": "Old",
                "user_id": cls.env.uid,
                "company_id": cls.env.company.id,
                "model": "res.partner",
                "method": "_task_x",
                "is_cancel_requested": True,
            }
        )
        cls.task._finish("failed", error="Old error")
        cls.env.flush_all()
        # An earlier database has each XML id once; addons that extend tasks add theirs.
        cls.env.cr.execute("DELETE FROM ir_model WHERE model = 'crm.lifecycle.task'")
        cls.env.cr.execute(
            "DELETE FROM ir_model_data WHERE module <> 'base_background_task' "
            "AND name ~ '(background|crm_lifecycle)_task(_|$)' "
        )

    def _get_snapshot(self):
        snapshot = {}
        for name, query in SNAPSHOT.items():
            self.env.cr.execute(query)
            snapshot[name] = set(self.env.cr.fetchall())
        return snapshot

    def _make_earlier_database(self):
        apply_renames(self.env.cr, reverse(hooks.RENAMES))

    def test_everything_is_renamed(self):
        cr = self.env.cr
        before = self._get_snapshot()
        self._make_earlier_database()
        self.assertTrue(sql.column_exists(cr, "crm_lifecycle_task", "is_cancel_asked"))
        self.assertFalse(sql.table_exists(cr, "background_task"))
        earlier = self._get_snapshot()
        for name in SNAPSHOT:
            self.assertNotEqual(earlier[name], before[name], name)
        hooks.pre_init_hook(self.env)
        after = self._get_snapshot()
        for name in SNAPSHOT:
            self.assertEqual(after[name], before[name], name)
        self.assertTrue(self.task.is_cancel_requested)
        self.assertEqual(self.task.error, "Old error")

    def test_the_earlier_names_are_those_of_the_earlier_addon(self):
        cron = self.env.ref("base_background_task.ir_cron_run_tasks")
        self._make_earlier_database()
        self.env.cr.execute(
            "SELECT name FROM ir_model_data WHERE module = 'crm_lifecycle' "
            "AND res_id = %s AND model = 'ir.cron'",
            [cron.id],
        )
        self.assertEqual(self.env.cr.fetchall(), [("ir_cron_task",)])

    def test_a_new_database_has_nothing_to_rename(self):
        before = self._get_snapshot()
        hooks.pre_init_hook(self.env)
        self.assertEqual(self._get_snapshot(), before)
