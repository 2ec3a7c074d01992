from odoo import models


class IrModel(models.Model):
    _inherit = "ir.model"

    def unlink(self):
        """Forget who else holds fields that go with their model.

        A mixin gives a model fields of several addons. Uninstalling the model's own,
        Odoo leaves the XML ids of the others' behind; since these name what is gone,
        the others, and all they need, could never be uninstalled.
        """
        gone = {
            "ir.model.fields": self.field_id,
            "ir.model.fields.selection": self.field_id.selection_ids,
        }
        for name, records in gone.items():
            self.env["ir.model.data"].search(
                [("model", "=", name), ("res_id", "in", records.ids)]
            ).unlink()
        return super().unlink()
