"""No behavior depends on the order in which the files of an addon are imported."""

import ast
import unittest

from tests import structure

SEEDS = (1, 2, 3)
# The reason of each model in more than three files of one addon. Files by topic add
# fields, computes and calls of the web client, which can't leave the model; no file
# redefines names of another file.
SPREAD = {
    ("crm_lifecycle", "crm.lifecycle"): "fields and activation; the calls that run it; "
    "work in the background; the diagram of stages; rebuilds of its history",
    ("crm_lifecycle", "crm.lifecycle.profile"): "facts and stage; the calls that move "
    "it; merging; owners; objection; "
    "conditions in SQL; health; playbook; calls of other systems; daily work; "
    "background moves. Moving is in `moves`; explanation, overview, timeline and words "
    "are classes in `profile/`",
    (
        "crm_lifecycle",
        "crm.lifecycle.playbook.log",
    ): "the log; its worker; retrying; the kinds "
    "of steps and follow-ups, each with its own SQL and jobs",
    ("crm_lifecycle", "crm.lifecycle.run"): "the run and its account; follow-ups; "
    "voiding; the weekly check. The work is in `run/`",
    ("crm_loyalty", "loyalty.card"): "balance; posting (its work is in `posting`); "
    "limits; tiers; expiry; transfer; reminders; statement; erasure; reinstatement",
    ("crm_loyalty", "crm.loyalty.entry"): "the ledger; what counts for tiers; the "
    "statement; reinstatement",
    ("crm_loyalty", "loyalty.program"): "points and limits; tiers and their preview; "
    "money value; reminders",
    ("crm_loyalty_sale", "sale.order"): "earning and spending; payment with points; "
    "returns; tiers",
}


# The single writer of stages, with its part that replaces the past, and the names that
# only they may write.
WRITER = structure.ADDONS / "crm_lifecycle" / "moves.py"
WRITERS = {WRITER, structure.ADDONS / "crm_lifecycle" / "moves_rebuild.py"}
HISTORY = "crm_lifecycle_history"
PROFILE = "crm_lifecycle_profile"
STAGE_COLUMNS = {"stage_id", "stage_date", "date_last_stage_update"}
# Modules with SQL that gets table or column names from callers, with the reason.
UNKNOWN = {
    "crm_lifecycle/engine/shadow.py": "copies of the tables, in pg_temp",
    "crm_lifecycle/engine/statements.py": "facts of profiles; temporary tables",
    "crm_lifecycle/models/crm_lifecycle_history.py": "links of deleted records",
    "crm_lifecycle/run/windows.py": "facts of profiles",
    "crm_lifecycle_privacy/erasure/eraser.py": "texts of all models",
    "crm_lifecycle_privacy/erasure/sweep.py": "texts of short-lived models",
    "crm_lifecycle/storage.py": "new columns that repeat others",
}
# Methods of Odoo that addons of ours also define.
METHODS_OF_ODOO = {"_get", "_has_field_access", "_search"}


class TestStructure(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.classes = structure.read_classes()

    def test_no_addon_calls_methods_of_an_addon_that_it_does_not_need(self):
        found = {
            call: others
            for call, others in structure.read_foreign_calls().items()
            if call[1] not in METHODS_OF_ODOO
        }
        self.assertFalse(found)

    def test_the_reader_finds_the_models(self):
        found = structure.count_files(self.classes)
        self.assertIn(("crm_lifecycle", "crm.lifecycle.profile"), found)
        self.assertGreater(len(found), 100)

    def test_no_addon_defines_a_name_twice_for_one_model(self):
        doubles = [
            f"{addon}: {model}.{name} in {', '.join(file.name for file in files)}"
            for (addon, model, name), files in structure.find_doubles(
                self.classes
            ).items()
        ]
        self.assertFalse(doubles, "\n".join(doubles))

    def test_a_model_in_many_files_has_a_reason(self):
        spread = {
            key
            for key, count in structure.count_files(self.classes).items()
            if count > 3
        }
        self.assertEqual(spread, set(SPREAD))

    def test_any_order_of_imports_runs_the_same_definitions(self):
        needs = structure.get_needs(self.classes)
        for addon in sorted({item.addon for item in self.classes}):
            classes = [item for item in self.classes if item.addon == addon]
            files = sorted({item.file for item in classes})
            expected = structure.get_definition_order(classes, files)
            for order in structure.get_orders(files, needs, SEEDS):
                self.assertEqual(
                    structure.get_definition_order(classes, order), expected, addon
                )


class TestOneWriter(unittest.TestCase):
    """Only one module adds rows to the history or writes stages of profiles."""

    @classmethod
    def setUpClass(cls):
        cls.texts = list(structure.read_texts())

    def _get_files(self, is_found):
        return {file for file, text in self.texts if is_found(text)}

    def test_one_module_adds_history(self):
        found = self._get_files(lambda text: HISTORY in structure.get_inserted(text))
        self.assertEqual(found, WRITERS)

    def test_one_module_writes_stages(self):
        found = self._get_files(
            lambda text: any(
                table == PROFILE and columns & STAGE_COLUMNS
                for table, columns in structure.get_updated(text)
            )
        )
        self.assertEqual(found, WRITERS)

    def test_no_other_sql_hides_what_it_writes(self):
        """A table or column that the SQL text does not name needs a reason."""

        def is_open(text):
            return any("%" in table for table in structure.get_inserted(text)) or any(
                "%" in table or (table in (PROFILE, HISTORY) and "%" in columns)
                for table, columns in structure.get_updated(text)
            )

        found = {
            str(file.relative_to(structure.ADDONS))
            for file in self._get_files(is_open) - WRITERS
            if file.relative_to(structure.ADDONS).parts[0].startswith("crm_lifecycle")
        }
        self.assertEqual(found, set(UNKNOWN))

    def test_no_other_module_passes_the_checks_of_profiles(self):
        found = self._get_files(lambda text: text == "lifecycle_writer")
        for file, tree in structure.read_trees():
            for node in ast.walk(tree):
                name = getattr(node, "id", getattr(node, "name", None))
                if name == "WriteToken":
                    found.add(file)
                if isinstance(node, ast.keyword) and node.arg == "lifecycle_writer":
                    found.add(file)
        self.assertEqual(found, {WRITER})

    def test_no_other_module_writes_the_days_of_stages_by_the_orm(self):
        """A stage written by the ORM goes through the writer; a date would not."""
        days = STAGE_COLUMNS - {"stage_id"}
        found = {}
        for file, tree in structure.read_trees():
            for node in ast.walk(tree):
                if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                    names = {node.attr}
                elif isinstance(node, ast.Call) and _is_write(node):
                    names = {
                        key.value
                        for item in ast.walk(node)
                        if isinstance(item, ast.Dict)
                        for key in item.keys
                        if isinstance(key, ast.Constant)
                    }
                else:
                    continue
                if names & days:
                    found.setdefault(file, []).append(node.lineno)
        self.assertFalse(found)


def _is_write(call):
    """Return whether a call is a write of the ORM."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in (
        "create",
        "write",
        "_write",
        "update",
    )
