from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _get_lifecycle_paper_name(self):
        """Return the name of the file of a contact's lifecycle report."""
        self.ensure_one()
        return self.env._(
            "Customer lifecycle - %(customer)s", customer=self.display_name
        )
