from odoo import api, fields, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index

GROUP = "sales_team.group_sale_salesman"


class AccountMove(models.Model):
    _inherit = "account.move"

    _lifecycle_written_idx = watermark_index("write_date")
    _lifecycle_invoice_date_idx = models.Index(
        "(company_id, invoice_date) "
        "WHERE move_type IN ('out_invoice', 'out_refund', 'out_receipt')"
    )

    lifecycle_profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        compute="_compute_lifecycle_profile_id",
        compute_sudo=False,
        groups=GROUP,
    )
    lifecycle_stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage",
        compute="_compute_lifecycle_profile_id",
        compute_sudo=False,
        groups=GROUP,
    )

    @api.depends("partner_id", "company_id", "move_type")
    @api.depends_context("uid")
    def _compute_lifecycle_profile_id(self):
        """Find the customers of invoices in their companies, those the user sees."""
        # Whose contact it is tells which customer; nothing of the contact is shown.
        customers = {
            move: move.sudo().commercial_partner_id.commercial_partner_id
            for move in self
            if move.is_sale_document(include_receipts=True)
        }
        profiles = (
            self.env["crm.lifecycle.profile"]
            .with_context(active_test=False)
            .search_fetch(
                [
                    ("partner_id", "in", [c.id for c in customers.values()]),
                    ("company_id", "in", self.company_id.ids),
                ],
                ["partner_id", "company_id", "stage_id"],
            )
        )
        known = {
            (profile.partner_id.id, profile.company_id.id): profile
            for profile in profiles
        }
        for move in self:
            customer = customers.get(move)
            profile = customer and known.get((customer.id, move.company_id.id))
            move.lifecycle_profile_id = profile
            move.lifecycle_stage_id = profile and profile.stage_id

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

    # ------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------

    def action_open_lifecycle_profile(self):
        """Open the profile of the document's customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lifecycle.profile",
            "res_id": self.lifecycle_profile_id.id,
            "view_mode": "form",
        }
