"""Models and fields have names that neither Odoo nor another app takes.

Odoo 20 adds `loyalty.program.expire_after`, and other apps have `loyalty.tier`: two
addons that share a name share the column, and an upgrade merges what they mean. See
docs/ODOO20.md.
"""

import re
import tempfile
import textwrap
import unittest
from fnmatch import fnmatch
from pathlib import Path

from tests import structure

MODELS = re.compile(
    r"""
      crm\.lifecycle (\.[a-z_.]+)?
    | crm\.loyalty \.[a-z_.]+
    | background\.task (\.[a-z_.]+)?
    | report \.[a-z_.]+      # printed documents: Odoo finds the model by this prefix
    """,
    re.VERBOSE,
)
FIELDS = re.compile(r"(lifecycle|crm_loyalty)_[a-z0-9_]+")
# Fields with other names on models of Odoo, with the reason; names may have wildcards.
EXCEPTIONS = {
    ("digest.digest", "kpi_*"): "Odoo finds the figures of a digest by this prefix",
    ("ir.actions.server", "state"): "Odoo's field: a kind of action is added",
    ("ir.actions.act_window.view", "view_mode"): "Odoo's field: views are added",
    ("ir.ui.view", "type"): "Odoo's field: kinds of views are added",
    ("loyalty.program", "total_order_count"): "Odoo's field: computed with all rights",
    ("mail.activity.plan.template", "delay_from"): "Odoo's field: lines of customers "
    "are due after the entry",
    ("mail.activity.plan.template", "responsible_type"): "Odoo's field: roles of the "
    "lifecycle are added",
}


def find_faults(classes):
    """Return a line for each model and field of the classes with a name not ours."""
    faults = [
        f"{addon}: model {model}"
        for model, addon in structure.get_new_models(classes).items()
        if not MODELS.fullmatch(model)
    ]
    return faults + [
        f"{addon}: field {name} of {model}"
        for (model, name), addon in structure.get_added_fields(classes).items()
        if not FIELDS.fullmatch(name) and not get_exceptions(model, name)
    ]


def get_exceptions(model, name):
    """Return the keys of the exceptions for a field."""
    return [key for key in EXCEPTIONS if key[0] == model and fnmatch(name, key[1])]


class TestNames(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.classes = structure.read_classes()

    def test_names_are_ours(self):
        faults = find_faults(self.classes)
        self.assertFalse(faults, "\n".join(faults))

    def test_fields_on_models_of_odoo_are_found(self):
        self.assertGreater(len(structure.get_added_fields(self.classes)), 100)

    def test_each_exception_is_needed(self):
        used = {
            key
            for model, name in structure.get_added_fields(self.classes)
            if not FIELDS.fullmatch(name)
            for key in get_exceptions(model, name)
        }
        self.assertEqual(set(EXCEPTIONS) - used, set())


class TestFinder(unittest.TestCase):
    """The finder itself, on made-up addons."""

    def _find(self, text):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "made_up" / "models" / "made_up.py"
            file.parent.mkdir(parents=True)
            file.write_text(textwrap.dedent(text), encoding="utf-8")
            return find_faults(structure.read_classes(Path(folder)))

    def test_good_names_pass(self):
        faults = self._find(
            """
            class Stage(models.Model):
                _name = "crm.lifecycle.stage"
                name = fields.Char()

            class Tier(models.Model):
                _name = "crm.loyalty.tier"
                name = fields.Char()

            class Task(models.Model):
                _name = "background.task"
                name = fields.Char()

            class Partner(models.Model):
                _inherit = "res.partner"
                _name_idx = models.Index("(lifecycle_note)")
                lifecycle_note = fields.Char()
                crm_loyalty_tier_id = fields.Many2one("crm.loyalty.tier")

            class Digest(models.Model):
                _inherit = "digest.digest"
                kpi_made_up = fields.Boolean()
            """
        )
        self.assertEqual(faults, [])

    def test_a_model_with_a_bad_name_is_found(self):
        for name in (
            "loyalty.tier",
            "crm.lifecycles",
            "crm.loyalty",
            "x_crm.lifecycle",
        ):
            with self.subTest(name):
                self.assertEqual(
                    self._find(
                        f"""
                        class Tier(models.Model):
                            _name = "{name}"
                        """
                    ),
                    [f"made_up: model {name}"],
                )

    def test_a_field_with_a_bad_name_is_found(self):
        faults = self._find(
            """
            class Program(models.Model):
                _inherit = "loyalty.program"
                expire_after = fields.Integer()
                loyalty_tier_id: int = fields.Many2one("crm.loyalty.tier")
                lifecycle_ = Number()
                limit = 3

                def action_open(self):
                    pass
            """
        )
        self.assertEqual(
            faults,
            [
                "made_up: field expire_after of loyalty.program",
                "made_up: field loyalty_tier_id of loyalty.program",
                "made_up: field lifecycle_ of loyalty.program",
            ],
        )

    def test_a_field_of_a_mixin_counts_where_odoo_s_models_inherit_it(self):
        mixins = """
            class Base(models.AbstractModel):
                _name = "crm.lifecycle.base.mixin"
                amount = fields.Float()

            class Mixin(models.AbstractModel):
                _name = "crm.lifecycle.mixin"
                _inherit = ["crm.lifecycle.base.mixin"]
                lifecycle_days = fields.Integer()

            class Stage(models.Model):
                _name = "crm.lifecycle.stage"
                _inherit = ["crm.lifecycle.mixin"]
                amount = fields.Float()
        """
        self.assertEqual(self._find(mixins), [])
        self.assertEqual(
            self._find(
                mixins
                + """
            class Order(models.Model):
                _name = "sale.order"
                _inherit = ["crm.lifecycle.mixin", "sale.order"]
                """
            ),
            ["made_up: field amount of crm.lifecycle.base.mixin"],
        )

    def test_an_exception_is_for_one_model(self):
        self.assertEqual(
            self._find(
                """
                class Partner(models.Model):
                    _inherit = "res.partner"
                    kpi_made_up = fields.Boolean()
                """
            ),
            ["made_up: field kpi_made_up of res.partner"],
        )


if __name__ == "__main__":
    unittest.main()
