from odoo import fields, models


class CrmLifecycleStage(models.Model):
    _inherit = "crm.lifecycle.stage"

    pauses_mail_when_overdue = fields.Boolean(
        string="No email while overdue",
        help="The stage's email is not sent to customers of whom an amount is overdue.",
    )
