from odoo import api, fields, models
from odoo.fields import Command

from odoo.addons.crm_lifecycle.personal_data import DELETE, KEEP

# More customers are counted only.
SHOWN_CUSTOMERS = 20


class CrmLifecycleErase(models.TransientModel):
    """Asks for confirmation before personal data is erased.

    Tells what will be erased, and what is kept for which reason.
    """

    _name = "crm.lifecycle.erase"
    _description = "Erase Personal Data"
    _inherit = ["crm.lifecycle.reference.mixin"]

    _readable_fields = ("profile_ids",)

    profile_ids = fields.Many2many(
        comodel_name="crm.lifecycle.profile", string="Customers", required=True
    )
    names = fields.Text(compute="_compute_names", string="Customer")
    line_ids = fields.One2many(
        comodel_name="crm.lifecycle.erase.line",
        inverse_name="erase_id",
        compute="_compute_line_ids",
        string="Records",
    )
    unprinted_invoice_count = fields.Integer(compute="_compute_line_ids")

    @api.depends("profile_ids")
    def _compute_names(self):
        for wizard in self:
            names = wizard.profile_ids[:SHOWN_CUSTOMERS].mapped("display_name")
            more = len(wizard.profile_ids) - len(names)
            if more:
                names.append(self.env._("and %(count)s more", count=more))
            wizard.names = "\n".join(names)

    @api.depends("profile_ids")
    def _compute_line_ids(self):
        for wizard in self:
            if not wizard.profile_ids or not self._may_erase():
                wizard.line_ids = False
                wizard.unprinted_invoice_count = 0
                continue
            finder = wizard.profile_ids._origin._find_personal_data()
            wizard.line_ids = [Command.clear()] + [
                Command.create(vals) for vals in self._get_line_vals(finder)
            ]
            wizard.unprinted_invoice_count = len(self._get_unprinted_invoices(finder))

    def _may_erase(self):
        return self.env.user.has_group("base.group_system")

    @api.model
    def _get_line_vals(self, finder):
        """Return the values of the lines, what is erased first."""
        counts = finder.get_counts()
        lines = []
        for model in finder.models:
            own, shared = counts.get(model.name, (0, 0))
            if model.is_technical or not own + shared:
                continue
            kept = own
            if model.decision != KEEP:
                kept = finder.count_rows(model, model.kept_if)
            deleted = own - kept
            if model.decision != DELETE:
                deleted = finder.count_rows(model, model.deleted_if)
            name = self.env["ir.model"]._get(model.name).name
            lines += [
                {
                    "name": name,
                    "count": count,
                    "outcome": outcome,
                    "reason": outcome == "kept" and model.reason,
                }
                for outcome, count in (
                    ("deleted", deleted),
                    ("anonymized", own - kept - deleted),
                    ("shared", shared),
                    ("kept", kept),
                )
                if count
            ]
        order = ["deleted", "anonymized", "shared", "kept"]
        return sorted(lines, key=lambda row: (order.index(row["outcome"]), row["name"]))

    @api.model
    def _get_unprinted_invoices(self, finder):
        """Return the invoices that could not be printed with the name any more."""
        if "account.move" not in self.env:
            return self.env["crm.lifecycle.profile"].browse()
        # sudo: like the search for personal data, in all companies
        return (
            finder.get_records("account.move")
            .sudo()
            .filtered(
                lambda move: (
                    move.state == "posted"
                    and move.is_sale_document()
                    and not move.invoice_pdf_report_id
                )
            )
        )

    def action_open_unprinted_invoices(self):
        """Show the invoices that have no printed document yet."""
        self.ensure_one()
        invoices = self._get_unprinted_invoices(self.profile_ids._find_personal_data())
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Invoices without a Document"),
            "res_model": "account.move",
            "domain": [("id", "in", invoices.ids)],
            "view_mode": "list,form",
            "views": [(False, "list"), (False, "form")],
        }

    def action_erase(self):
        """Erase the personal data of the selected customers."""
        result = self.profile_ids.action_erase()
        if isinstance(result, dict):
            return result
        return {"type": "ir.actions.act_window_close"}


class CrmLifecycleEraseLine(models.TransientModel):
    """What happens to the records of one model."""

    _name = "crm.lifecycle.erase.line"
    _description = "Records to Erase"

    erase_id = fields.Many2one(
        comodel_name="crm.lifecycle.erase", required=True, ondelete="cascade"
    )
    name = fields.Char(string="Records", required=True)
    count = fields.Integer(string="Number", aggregator=None)
    outcome = fields.Selection(
        selection=[
            ("deleted", "Deleted"),
            ("anonymized", "Anonymized"),
            ("shared", "Name removed from texts"),
            ("kept", "Kept"),
        ],
        required=True,
    )
    reason = fields.Char()
