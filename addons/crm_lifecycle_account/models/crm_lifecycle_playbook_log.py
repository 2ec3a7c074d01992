from odoo import api, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_playbook_log import StepSkipped


class CrmLifecyclePlaybookLog(models.Model):
    _inherit = "crm.lifecycle.playbook.log"

    @api.model
    def _perform_mail(self, row, template):
        """Skip customers with overdue payments if the stage says so."""
        since = row.profile_id.overdue_since
        if since and row.to_stage_id.pauses_mail_when_overdue:
            raise StepSkipped(
                self.env._("An amount is overdue since %(date)s.", date=since)
            )
        return super()._perform_mail(row, template)
