"""No behaviour hangs on the order in which the files of an addon are imported."""

import unittest

from tests import structure

SEEDS = (1, 2, 3)
# A model in more than three files of one addon has its reason here.
SPREAD = {}


class TestStructure(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.classes = structure.read_classes()

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
