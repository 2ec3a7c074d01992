from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    # Finds the customers of public answers, see `crm.lifecycle.survey.respondent`.
    _lifecycle_survey_email_idx = models.Index(
        "(email_normalized) WHERE email_normalized IS NOT NULL"
    )
