from odoo import models

from .crm_lifecycle_source import watermark_index


class MailActivity(models.Model):
    _inherit = "mail.activity"

    _lifecycle_written_idx = watermark_index("write_date, create_date, date_done")

    def unlink(self):
        """Update the work list first: a deleted activity leaves no row to find."""
        Source = self.env["crm.lifecycle.source.contact"]
        for model, activities in self.grouped("res_model").items():
            Source._mark_documents_pending(model, activities.mapped("res_id"))
        return super().unlink()

    def _action_done(self, feedback=False, attachment_ids=None):
        """Restart the follow-up clock of the customer who was contacted."""
        documents = [
            (model, activities.mapped("res_id"))
            for model, activities in self.grouped("res_model").items()
        ]
        conversations = self.filtered(
            lambda activity: (
                activity.res_model == "crm.lifecycle.profile"
                and activity.activity_category != "upload_file"
            )
        )
        profiles = self.env["crm.lifecycle.profile"].browse(
            conversations.mapped("res_id")
        )
        result = super()._action_done(feedback, attachment_ids)
        Source = self.env["crm.lifecycle.source.contact"]
        for model, res_ids in documents:
            Source._mark_documents_pending(model, res_ids)
        # sudo: done for the run, regardless of the user's access.
        profiles.sudo().exists()._note_contact()
        self.env["crm.lifecycle.pending"]._trigger_run()
        return result
