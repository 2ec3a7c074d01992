from odoo import models


class MailActivity(models.Model):
    _inherit = "mail.activity"

    def unlink(self):
        """A cancelled activity leaves no row for the next run to find."""
        Source = self.env["crm.lifecycle.source.contact"]
        for model, activities in self.grouped("res_model").items():
            Source._touch_documents(model, activities.mapped("res_id"))
        return super().unlink()
