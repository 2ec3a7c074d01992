"""What uninstalling one of our addons must not take away, seen from the registry.

The whole of it is script/test-life, which really uninstalls.
"""

from odoo.tests import TransactionCase, tagged

OURS = ("crm_lifecycle", "crm_loyalty")


def is_ours(field):
    """Whether no other addon brings the field; each model has a name of itself."""
    return field.name != "display_name" and all(
        name.startswith(OURS) for name in field._modules
    )


@tagged("post_install", "-at_install")
class TestLife(TransactionCase):
    def test_no_field_of_odoo_goes_with_one_of_ours(self):
        """Odoo forgets inherited fields that depend on a field that goes.

        The stage of a server action took the names of scheduled jobs along.
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
        """An addon whose field went with another one's model could never go itself."""
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
