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
        changed = (
            (before | contacts.commercial_partner_id)
            if before != (contacts.commercial_partner_id)
            else before.browse()
        )
        self.env["crm.lifecycle.purchase.pending"]._mark_customers_pending(changed)
        return result
