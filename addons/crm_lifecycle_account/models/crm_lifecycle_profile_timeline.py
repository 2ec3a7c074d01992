from odoo import api, models
from odoo.fields import Domain


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    @api.model
    def _get_timeline_kinds(self):
        return super()._get_timeline_kinds() | {
            "invoice": (self.env._("Invoices and payments"), "fa-money")
        }

    def _get_events_sql(self, model, domain, *, kind, **kwargs):
        """Leave accounting documents out of the generic events to avoid duplicates."""
        if model == "account.move" and kind != "invoice":
            return None
        return super()._get_events_sql(model, domain, kind=kind, **kwargs)

    def _lifecycle_timeline_sources(self, limit=None):
        """Add invoices, credit notes and payments."""
        sources = super()._lifecycle_timeline_sources(limit)
        mine = self._get_customer_domain("commercial_partner_id", company="company_id")
        posted = mine & Domain("state", "=", "posted")
        document = {
            "model": "account.move",
            "kind": "invoice",
            "date": "invoice_date",
            "title": "name",
            "detail": "ref",
            "amount": "amount_untaxed_in_currency_signed",
            "currency": "currency_id",
            "limit": limit,
        }
        sources += [
            self._get_events_sql(
                domain=posted
                & Domain("move_type", "in", ("out_invoice", "out_receipt")),
                label=self.env._("Invoice"),
                **document,
            ),
            self._get_events_sql(
                domain=posted & Domain("move_type", "=", "out_refund"),
                label=self.env._("Credit note"),
                **document,
            ),
            self._get_events_sql(
                model="account.payment",
                domain=self._get_customer_domain(company="company_id")
                & Domain("partner_type", "=", "customer")
                & Domain("state", "in", ("in_process", "paid")),
                kind="invoice",
                label=self.env._("Payment"),
                date="date",
                title="name",
                detail="memo",
                amount="amount_company_currency_signed",
                limit=limit,
            ),
        ]
        return [source for source in sources if source]
