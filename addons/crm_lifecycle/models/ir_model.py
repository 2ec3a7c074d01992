from odoo import models


class IrModel(models.Model):
    _inherit = "ir.model"

    def unlink(self):
        """Delete the XML ids that other addons have for the fields of the model.

        A mixin adds fields of several addons to a model. When the addon of the model is
        uninstalled, Odoo leaves the XML ids of the other addons. Since they refer to
        deleted fields, the other addons and their dependencies could never be
        uninstalled.
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
