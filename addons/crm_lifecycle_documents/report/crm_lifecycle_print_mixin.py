"""Base of the documents: formatting of values, and customers to print."""

from odoo import api, fields, models
from odoo.tools import format_amount, format_date

from ..engine import svg


class CrmLifecyclePrintMixin(models.AbstractModel):
    """Words and numbers of documents, in the language of the environment."""

    _name = "crm.lifecycle.print.mixin"
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
    def _format_event(self, event):
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
