from odoo import api, fields, models


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    sla_missed_count = fields.Integer(
        string="SLAs missed", readonly=True, fact="only", aggregator="sum"
    )
    sla_missed_date = fields.Date(
        string="Last SLA missed",
        readonly=True,
        fact="only",
        help="Day of the deadline that was missed last.",
    )

    @api.model
    def _get_overview_fact_names(self, short=False):
        facts = super()._get_overview_fact_names(short)
        return facts if short else {**facts, "sla_missed_count": None}
