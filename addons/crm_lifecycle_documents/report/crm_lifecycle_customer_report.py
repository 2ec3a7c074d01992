"""The document of one customer or of several, printed from profiles or contacts."""

from odoo import api, models

from ..engine import table_pagination


class ReportCustomer(models.AbstractModel):
    """Customers, printed from their profiles."""

    _name = "report.crm_lifecycle_documents.customer"
    _inherit = "crm.lifecycle.print.mixin"
    _description = "Customer Lifecycle Report"

    @api.model
    def _get_customers(self, docids):
        return self.env["crm.lifecycle.profile"].browse(docids).exists()

    @api.model
    def _get_report_values(self, docids, data=None):
        customers = self._get_customers(docids)
        customers._check_print()
        return {
            "doc_ids": docids,
            "doc_model": customers._name,
            "docs": customers,
            "contents": [
                self._get_customer_content(customer) for customer in customers
            ],
        }

    @api.model
    def _get_customer_content(self, customer):
        """Return the document of one customer, in the customer's language."""
        lang = customer._get_print_lang()
        customer = customer.with_context(lang=lang)
        content = customer._get_print_content()
        return {
            "lang": lang,
            "customer": customer,
            "company": customer.company_id,
            "content": content,
            "facts": table_pagination.split(content["facts"]),
            "moves": table_pagination.split(content["moves"], self._get_move_texts),
            "today": customer.company_id._lifecycle_today(),
            **self.with_context(lang=lang)._get_helpers(),
        }

    @api.model
    def _get_move_texts(self, move):
        """Return what may be long of a move, see `engine/table_pagination.py`."""
        return [
            (move.from_stage_id.name, 0.19),
            (move.to_stage_id.name, 0.19),
            # The name of a colleague.
            (f"{move.explanation} {move.user_id.sudo().name or ''}", 0.4),
        ]


class ReportContact(models.AbstractModel):
    """Customers, printed from contacts: those among them that the reader sees."""

    _name = "report.crm_lifecycle_documents.contact"
    _inherit = "report.crm_lifecycle_documents.customer"
    _description = "Customer Lifecycle Report of Contacts"

    @api.model
    def _get_customers(self, docids):
        contacts = self.env["res.partner"].browse(docids).exists()
        contacts.check_access("read")
        return contacts.lifecycle_profile_id
