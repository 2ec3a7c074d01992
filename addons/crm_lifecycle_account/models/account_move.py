from odoo import api, models
from odoo.fields import Domain

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class AccountMove(models.Model):
    """An invoice shows where its customer stands, and may move them."""

    _name = "account.move"
    _inherit = ["crm.lifecycle.document", "account.move"]

    _lifecycle_written_idx = watermark_index("write_date")
    _lifecycle_invoice_date_idx = models.Index(
        "(company_id, invoice_date) "
        "WHERE move_type IN ('out_invoice', 'out_refund', 'out_receipt')"
    )

    @api.depends("move_type")
    def _compute_lifecycle_profile_id(self):
        return super()._compute_lifecycle_profile_id()

    @api.model
    def _get_lifecycle_company_domain(self, company):
        sales = Domain("move_type", "in", self.get_sale_types(include_receipts=True))
        return super()._get_lifecycle_company_domain(company) & sales

    def _get_lifecycle_owner(self):
        """Only what a customer gets has one."""
        customer, company = super()._get_lifecycle_owner()
        if not self.is_sale_document(include_receipts=True):
            return customer.browse(), company
        return self.commercial_partner_id.commercial_partner_id, company

    # ------------------------------------------------------------
    # What changes the facts of customers
    # ------------------------------------------------------------

    def write(self, vals):
        """The customer whom a posted document leaves has no row to find."""
        if vals.keys() & {"partner_id", "company_id", "journal_id"}:
            self._touch_counted()
        return super().write(vals)

    def unlink(self):
        """What was posted once and goes away leaves no row to find."""
        self._touch_counted()
        return super().unlink()

    def _post(self, soft=True):
        """Let an invoice, or a payment, move its customer within a minute."""
        posted = super()._post(soft)
        posted._touch_lifecycle()
        return posted

    def button_draft(self):
        result = super().button_draft()
        self._touch_lifecycle()
        return result

    def _touch_counted(self):
        """Put on the work list whom entries that were posted once counted for."""
        counted = self.filtered("posted_before")
        counted._touch_lifecycle()
        # A manual entry may name a customer on its lines alone.
        counted.filtered(
            lambda move: move.move_type == "entry"
        ).line_ids._touch_counted()

    def _touch_lifecycle(self):
        """Put the customers of invoices and payments on the work list.

        Other entries that name customers are found by the next run.
        """
        Touch = self.env["crm.lifecycle.touch"]
        # Which customer a document belongs to is noted for the runs, not shown.
        moves = self.sudo().filtered(
            lambda move: (
                move.is_sale_document(include_receipts=True)
                or move.origin_payment_id
                or move.statement_line_id
            )
        )
        for company, documents in moves.grouped("company_id").items():
            Touch._touch(company, partners=documents.commercial_partner_id)
        if moves.commercial_partner_id:
            Touch._trigger_run()
