import base64
import binascii

from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError


class CrmLifecycleImport(models.TransientModel):
    """Creates a draft lifecycle from a file that another database exported."""

    _name = "crm.lifecycle.import"
    _description = "Import a Lifecycle"
    _inherit = ["crm.lifecycle.company.mixin"]

    file = fields.Binary(required=True, attachment=False)
    file_name = fields.Char()
    company_id = fields.Many2one(
        comodel_name="res.company",
        default=lambda self: self.env.company,
        ondelete="cascade",
        help="Empty: the lifecycle is for every company.",
    )
    with_actions = fields.Boolean(
        string="Include server actions and webhooks",
        groups="base.group_system",
        help="Set the actions of this database that have the names in the file. They "
        "run code or call other systems for customers who move. Without it they are "
        "left out and listed.",
    )
    lifecycle_id = fields.Many2one(
        comodel_name="crm.lifecycle", readonly=True, ondelete="cascade"
    )
    left_out = fields.Html(readonly=True)

    def action_import(self):
        """Create the lifecycle and open it, or first show what was left out."""
        self.ensure_one()
        # With `bin_size`, the field would return its size instead of its content.
        data = self.with_context(bin_size=False).file
        try:
            content = base64.b64decode(data or b"", validate=True)
        except (binascii.Error, ValueError) as error:
            raise UserError(
                self.env._("The file did not arrive whole. Choose it once more.")
            ) from error
        lifecycle, left_out = self.env["crm.lifecycle.file"]._import(
            content,
            self.company_id,
            self.file_name or "",
            # Only administrators see this option and may link server actions.
            with_actions=self.env.user.has_group("base.group_system")
            and self.with_actions,
        )
        lifecycle._log_skipped_parts(left_out)
        if not left_out:
            return lifecycle._get_form_action()
        self.lifecycle_id = lifecycle
        self.left_out = Markup("<ul>%s</ul>") % Markup().join(
            Markup("<li>%s</li>") % line for line in left_out
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import a Lifecycle"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_open(self):
        """Open the imported lifecycle."""
        self.ensure_one()
        if not self.lifecycle_id:
            raise UserError(self.env._("Choose a file and import it first."))
        return self.lifecycle_id._get_form_action()
