from odoo import api, fields, models
from odoo.fields import Domain

from ..models.crm_lifecycle_risk_case import OPEN_STATES


class CrmLifecycleHandover(models.TransientModel):
    _inherit = "crm.lifecycle.handover"

    hand_cases = fields.Boolean(string="Open risk cases", default=True)
    cases_count = fields.Integer(compute="_compute_counts")

    @api.model
    def _get_kinds(self):
        return [*super()._get_kinds(), "cases"]

    def _find_cases(self):
        return self.env["crm.lifecycle.risk.case"].search(
            self._get_user_domain()
            & self._get_profile_domain()
            & Domain("state", "in", OPEN_STATES)
            & Domain("company_id", "in", self.company_ids._origin.ids)
        )

    def _get_cases_profiles(self, records):
        return {record.id: record.profile_id for record in records}

    def _give_cases(self, records, user):
        records = records.with_context(
            mail_activity_quick_update=True, mail_auto_subscribe_no_notify=True
        )
        self._filter_own(records).user_id = user
