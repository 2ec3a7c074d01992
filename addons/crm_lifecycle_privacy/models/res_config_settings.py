from odoo import models

from odoo.addons.crm_lifecycle.fields import Integer


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    lifecycle_retention_months = Integer(
        related="company_id.lifecycle_retention_months",
        readonly=False,
        string="Erase after",
    )

    def action_open_lifecycle_retention(self):
        """Show whom the job would erase now; nothing is erased by looking."""
        self.ensure_one()
        Profile = self.env["crm.lifecycle.profile"]
        found = Profile.with_context(active_test=False).search(
            Profile._get_retention_domain(self.company_id)
        )
        action = self.env["ir.actions.actions"]._for_xml_id(
            "crm_lifecycle.crm_lifecycle_profile_action"
        )
        return {
            **action,
            "name": self.env._("Customers to Erase"),
            "domain": [("id", "in", found.ids)],
            "context": {"active_test": False},
            "view_mode": "list,form",
            "views": [(False, "list"), (False, "form")],
        }
