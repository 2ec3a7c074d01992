"""The activities of who leaves, on each kind of document of a customer."""

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.test_leaver import LeaverCase


@tagged("post_install", "-at_install")
class TestLeaverDocuments(LeaverCase):
    def _make(self, model):
        """Return a document of the customer, or None if it has no activities."""
        if not hasattr(self.env[model], "activity_schedule"):
            return None
        partner = {"partner_id": self.profile.partner_id.id}
        here = {**partner, "company_id": self.company.id}
        values = {
            "res.partner": lambda: self.profile.partner_id,
            "crm.lead": lambda: self.lead,
            "crm.lifecycle.profile": lambda: self.profile,
            "crm.lifecycle.risk.case": lambda: {"profile_id": self.profile.id},
            "sale.order": lambda: here,
            "project.task": lambda: {**here, "name": "Task"},
            "helpdesk.ticket": lambda: {**here, "name": "Help", "description": "Help"},
        }[model]()
        return self.env[model].create(values) if isinstance(values, dict) else values

    def test_activities_on_any_document_were_deleted(self):
        todos = self.env["mail.activity"]
        for document_type in self.env[
            "crm.lifecycle.source.contact"
        ]._get_document_types():
            if record := self._make(document_type.model):
                todos |= self._todo(record)
        self.assertGreater(len(todos), 2)
        self.salesperson.action_archive()
        self._assert_users(todos, self.chief)
