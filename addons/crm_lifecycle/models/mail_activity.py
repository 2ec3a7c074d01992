from odoo import api, fields, models
from odoo.fields import Domain

from ..fields import Date
from .crm_lifecycle_source import watermark_index


class MailActivity(models.Model):
    _name = "mail.activity"
    _inherit = ["crm.lifecycle.owner.mixin", "mail.activity"]

    _lifecycle_owner_fields = frozenset({"res_model", "res_id"})

    _lifecycle_written_idx = watermark_index("write_date, create_date, date_done")

    lifecycle_suspended_date = Date(
        string="Closed with the Customer on",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The customer was archived on this day, and the activity closed with "
        "them. It was not done, and comes back with the customer.",
    )

    @api.depends("lifecycle_suspended_date")
    def _compute_date_done(self):
        """Leave the date of activities empty that were closed without being done."""
        suspended = self.filtered("lifecycle_suspended_date")
        suspended.date_done = False
        return super(MailActivity, self - suspended)._compute_date_done()

    @api.model
    def _suspend_open(self, model, res_ids):
        """Close the open activities on some records, until `_resume`."""
        activities = self.search(
            [
                ("res_model", "=", model),
                ("res_id", "in", res_ids),
                ("active", "=", True),
            ]
        )
        today = fields.Date.context_today(self)
        activities.write({"active": False, "lifecycle_suspended_date": today})

    def _resume(self):
        """Open activities again that were closed with their customer."""
        self.write({"active": True, "lifecycle_suspended_date": False})

    @api.model
    def _search_suspended(self, model, res_ids, since=None):
        """Return activities on some records that were closed with their customer.

        :param since: only those closed on this day or later
        """
        domain = Domain("res_model", "=", model) & Domain("res_id", "in", res_ids)
        domain &= Domain("lifecycle_suspended_date", "!=", False)
        if since:
            domain &= Domain("lifecycle_suspended_date", ">=", since)
        return self.with_context(active_test=False).search(domain)

    def _mark_owners_pending(self, vals_list):
        """Put the customers of the old and the new documents on the work list."""
        self.env["crm.lifecycle.source.contact"]._mark_changed_documents_pending(
            self._get_owner_changes(vals_list), "res_model"
        )

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
