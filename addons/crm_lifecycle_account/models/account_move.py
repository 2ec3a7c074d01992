from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class AccountMove(models.Model):
    """Show the stage of the customer on invoices, and update it on posting."""

    _name = "account.move"
    _inherit = ["crm.lifecycle.customer.mixin", "account.move"]

    _lifecycle_owner_fields = frozenset({"commercial_partner_id", "company_id"})

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
        """Return an owner for customer documents only."""
        customer, company = super()._get_lifecycle_owner()
        if not self.is_sale_document(include_receipts=True):
            return customer.browse(), company
        return self.commercial_partner_id.commercial_partner_id, company

    # ------------------------------------------------------------
    # Changes of customer facts
    # ------------------------------------------------------------

    @api.model
    def _get_owners_sql(self):
        """Return the customer of documents that were posted before.

        Lines have owners of their own.
        """
        return SQL(
            """
            SELECT o.company_id, o.commercial_partner_id, NULL::int
             WHERE o.posted_before AND o.move_type IN %s
            """,
            tuple(self.get_sale_types(include_receipts=True)),
        )

    def write(self, vals):
        """Read a document again if another one no longer reverses it."""
        if "reversed_entry_id" in vals:
            self._mark_purchases_pending(self.reversed_entry_id)
        return super().write(vals)

    def unlink(self):
        """Refresh the customers of deleted entries, which leave no row to find."""
        self._mark_posted_pending()
        counted = self.filtered("posted_before")
        related = counted.reversed_entry_id | counted.reversal_move_ids
        self._mark_purchases_pending(counted | related)
        return super().unlink()

    @api.model
    def _mark_purchases_pending(self, documents):
        """Have the ledger read some documents again."""
        Pending = self.env["crm.lifecycle.purchase.pending"]
        # `sudo()`: the ledger follows documents that the user may not read, too.
        sales = documents.sudo().filtered(lambda move: move.is_sale_document(True))
        Pending._mark_pending("invoice", sales.ids)

    def _post(self, soft=True):
        """Evaluate the customers of posted invoices and payments within a minute."""
        posted = super()._post(soft)
        posted._mark_lifecycle_pending()
        return posted

    def button_draft(self):
        result = super().button_draft()
        self._mark_lifecycle_pending()
        return result

    def _mark_posted_pending(self):
        """Add the customers of entries that were posted before to the work list."""
        counted = self.filtered("posted_before")
        counted._mark_lifecycle_pending()
        # A manual entry may name a customer only on its lines.
        counted.filtered(
            lambda move: move.move_type == "entry"
        ).line_ids._mark_posted_pending()

    def _mark_lifecycle_pending(self):
        """Add the customers of invoices and payments to the work list.

        The next run finds the other entries that name customers.
        """
        Pending = self.env["crm.lifecycle.pending"]
        # `sudo()` also queues customers that the user may not read.
        moves = self.sudo().filtered(
            lambda move: (
                move.is_sale_document(include_receipts=True)
                or move.origin_payment_id
                or move.statement_line_id
            )
        )
        for company, documents in moves.grouped("company_id").items():
            Pending._mark_pending(company, partners=documents.commercial_partner_id)
        if moves.commercial_partner_id:
            Pending._trigger_run()
