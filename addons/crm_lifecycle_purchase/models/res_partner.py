from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        """Read purchases again if they belong to another customer now."""
        if not vals.keys() & {"parent_id", "is_company"}:
            return super().write(vals)
        # sudo: purchases follow their contact, regardless of the user's access.
        contacts = self.sudo()
        before = contacts.commercial_partner_id
        result = super().write(vals)
        after = contacts.commercial_partner_id
        if before != after:
            Pending = self.env["crm.lifecycle.purchase.pending"]
            Pending._mark_customers_pending(before | after)
        return result
