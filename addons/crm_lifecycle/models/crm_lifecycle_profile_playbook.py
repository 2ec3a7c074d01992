from odoo import fields, models


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    playbook_step_ids = fields.One2many(
        comodel_name="crm.lifecycle.step",
        inverse_name="profile_id",
        string="Playbook log",
        readonly=True,
    )

    def _adopt_history(self, sources):
        """Let the steps of other profiles be this one's, as their moves are."""
        result = super()._adopt_history(sources)
        self.env["crm.lifecycle.step"].sudo().search(  # whoever merges
            [("profile_id", "in", (sources - self).ids)]
        ).write({"profile_id": self.id})
        return result

    def _mail_get_primary_email(self):
        """A lead that has no contact yet has an address all the same."""
        return {
            profile.id: profile.partner_id.email or profile.lead_id.email_from
            for profile in self
        }
