"""Data that uninstalling one of our addons must keep, checked in the registry.

The full test is script/test-life, which really uninstalls.
"""

from odoo.tests import TransactionCase, tagged

OURS = ("crm_lifecycle", "crm_loyalty")


def is_ours(field):
    """Return whether only our addons define the field; all have `display_name`."""
    return field.name != "display_name" and all(
        name.startswith(OURS) for name in field._modules
    )


@tagged("post_install", "-at_install")
class TestLife(TransactionCase):
    def test_no_field_of_odoo_goes_with_one_of_ours(self):
        """Odoo deletes inherited fields that depend on a deleted field.

        Deleting the stage of a server action deleted the names of scheduled jobs.
        """
        added = [
            field
            for model in self.registry.values()
            if not model._original_module.startswith(OURS)
            for field in model._fields.values()
            if is_ours(field)
        ]
        self.assertTrue(added)
        lost = {
            str(other)
            for field in added
            for other in self.registry.get_dependent_fields(field)
            if other.inherited and not is_ours(other.base_field)
        }
        self.assertFalse(lost)

    def test_fields_of_a_model_that_goes_are_held_by_nobody(self):
        """An addon could not be uninstalled after its field's model was deleted."""
        self.addCleanup(self.registry.reset_changes)
        model = self.env["ir.model"].create({"name": "Gone", "model": "x_life_gone"})
        field = model.field_id.filtered(lambda field: field.name == "x_name")
        held = self.env["ir.model.data"].create(
            {
                "module": "crm_lifecycle",
                "name": "field_x_life_gone__x_name",
                "model": field._name,
                "res_id": field.id,
            }
        )
        model.unlink()
        self.assertFalse(held.exists())
