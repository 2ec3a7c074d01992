"""Base of the documents: formatting of values, and customers to print."""

from odoo import api, fields, models
from odoo.tools import format_amount, format_date

from ..engine import blocks, svg


class CrmLifecyclePaper(models.AbstractModel):
    """Format texts and numbers of documents in the language of the environment."""

    _name = "crm.lifecycle.paper"
    _description = "Lifecycle Documents"

    @api.model
    def _get_helpers(self):
        """Return the functions that every document template uses."""
        return {
            "day": self._format_day,
            "number": self._format_number,
            "signed": self._format_signed,
            "share": self._format_share,
            "fact": self._format_fact,
            "amount": self._format_amount,
            "image": svg.as_image,
        }

    @api.model
    def _format_day(self, day):
        return format_date(self.env, day) if day else ""

    @api.model
    def _format_number(self, number, digits=0):
        if not number and number != 0:
            return ""
        return self.env["ir.qweb.field.float"].value_to_html(
            number, {"precision": digits}
        )

    @api.model
    def _format_signed(self, number):
        """Return a number with its sign; 0 has none."""
        sign = "+" if number > 0 else "−" if number < 0 else ""
        return f"{sign}{self._format_number(abs(number))}"

    @api.model
    def _format_share(self, share, digits=1):
        return f"{self._format_number(share * 100, digits)} %"

    @api.model
    def _format_amount(self, amount, currency):
        return format_amount(self.env, amount, currency)

    @api.model
    def _format_fact(self, fact, key="value"):
        """Return a fact of `Overview.get_facts` as text, empty if unknown."""
        value = fact[key]
        if value is False:
            return ""
        if fact["type"] == "date":
            return self._format_day(fields.Date.to_date(value))
        if fact["type"] == "monetary":
            currency = self.env["res.currency"].browse(fact["currency_id"])
            return self._format_amount(value, currency)
        if fact["type"] == "integer":
            return self._format_number(value)
        if fact["type"] == "float":
            return self._format_number(value, 2)
        return str(value)

    @api.model
    def _tell_event(self, event):
        """Format a timeline event as a row of texts."""
        moment = fields.Datetime.to_datetime(event["moment"])
        day = fields.Datetime.context_timestamp(self, moment)
        amount = event["amount"]
        if amount:
            currency = self.env["res.currency"].browse(event["currency_id"])
            amount = self._format_amount(amount, currency)
        return [
            self._format_day(day.date()),
            event["label"],
            " · ".join(filter(None, (event["title"], event["detail"]))),
            amount or "",
        ]


class ReportCustomer(models.AbstractModel):
    """Print customers from their profiles."""

    _name = "report.crm_lifecycle_reports.customer"
    _inherit = "crm.lifecycle.paper"
    _description = "Customer Lifecycle Report"

    @api.model
    def _get_customers(self, docids):
        return self.env["crm.lifecycle.profile"].browse(docids).exists()

    @api.model
    def _get_report_values(self, docids, data=None):
        customers = self._get_customers(docids)
        customers._check_papers()
        return {
            "doc_ids": docids,
            "doc_model": customers._name,
            "docs": customers,
            "papers": [self._get_customer_paper(customer) for customer in customers],
        }

    @api.model
    def _get_customer_paper(self, customer):
        """Return the document of a customer in the customer's language."""
        lang = customer._get_paper_lang()
        customer = customer.with_context(lang=lang)
        paper = customer._get_paper()
        return {
            "lang": lang,
            "customer": customer,
            "company": customer.company_id,
            "paper": paper,
            "facts": blocks.split(paper["facts"]),
            "moves": blocks.split(paper["moves"], self._get_move_texts),
            "today": customer.company_id._lifecycle_today(),
            **self.with_context(lang=lang)._get_helpers(),
        }

    @api.model
    def _get_move_texts(self, move):
        """Return the long texts of a move, see `engine/blocks.py`."""
        return [
            (move.from_stage_id.name, 0.19),
            (move.to_stage_id.name, 0.19),
            # `sudo()`: only the name of a colleague.
            (f"{move.explanation} {move.user_id.sudo().name or ''}", 0.4),
        ]


class ReportContact(models.AbstractModel):
    """Print customers from contacts, limited to customers the user may read."""

    _name = "report.crm_lifecycle_reports.contact"
    _inherit = "report.crm_lifecycle_reports.customer"
    _description = "Customer Lifecycle Report of Contacts"

    @api.model
    def _get_customers(self, docids):
        contacts = self.env["res.partner"].browse(docids).exists()
        contacts.check_access("read")
        return contacts.lifecycle_profile_id
