from odoo import api, fields, models
from odoo.fields import Domain


class CrmLifecycleHandover(models.TransientModel):
    _inherit = "crm.lifecycle.handover"

    hand_visits = fields.Boolean(string="Planned visits", default=True)
    visits_count = fields.Integer(compute="_compute_counts")

    @api.model
    def _get_kinds(self):
        return [*super()._get_kinds(), "visits"]

    def _find_visits(self):
        return self.env["crm.lifecycle.visit"].search(
            self._get_user_domain()
            & self._get_profile_domain()
            & Domain("state", "=", "planned")
            & Domain("company_id", "in", self.company_ids._origin.ids)
        )

    def _get_visits_profiles(self, records):
        return {record.id: record.profile_id for record in records}

    def _give_visits(self, records, user):
        records = records.with_context(
            mail_activity_quick_update=True, mail_auto_subscribe_no_notify=True
        )
        self._filter_own(records).user_id = user
