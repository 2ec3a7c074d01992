import pytz

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.crm_lifecycle.fields import NullableInteger
from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_health import HealthSign

from ..personal_data import get_survey_models

CATEGORIES = [
    ("promoter", "Promoter"),
    ("passive", "Passive"),
    ("detractor", "Detractor"),
]


class CrmLifecycleProfile(models.Model):
    """Satisfaction of the customer, as facts for rules."""

    _inherit = "crm.lifecycle.profile"

    nps_last = NullableInteger(
        string="NPS score",
        readonly=True,
        fact="only",
        aggregator="avg",
        help="The last answer to “would you recommend us?”, from 0 to 10.",
    )
    nps_category = fields.Selection(
        selection=CATEGORIES,
        string="NPS group",
        readonly=True,
        fact="only",
        help="By the last answer: 9 and 10 are promoters, 7 and 8 passives, 0 to 6 "
        "detractors.",
    )
    nps_last_date = fields.Date(string="NPS of", readonly=True, fact="only")
    ces_last = NullableInteger(
        string="CES score",
        readonly=True,
        fact="only",
        aggregator="avg",
        help="The last answer to “was it easy?”.",
    )
    ces_last_date = fields.Date(string="CES of", readonly=True, fact="only")
    csat_last = NullableInteger(
        string="CSAT score",
        readonly=True,
        fact="only",
        aggregator="avg",
        help="The last answer to “are you satisfied?”.",
    )
    csat_last_date = fields.Date(string="CSAT of", readonly=True, fact="only")
    survey_asked_date = fields.Date(
        string="Last survey",
        readonly=True,
        fact="only",
        help="The day on which the customer got a survey the last time.",
    )

    @api.model
    def _get_health_signs(self):
        """Add detractors as customers to watch."""
        return [
            *super()._get_health_signs(),
            HealthSign(
                "watch",
                Domain("nps_category", "=", "detractor"),
                self.env._("The customer would not recommend us"),
                code="detractor",
                name=self.env._("Detractor"),
            ),
        ]

    def _get_last_survey_date(self):
        """Return the date of the last survey request in the company, or None."""
        self.ensure_one()
        contact = Domain("partner_id.commercial_partner_id", "=", self.partner_id.id)
        company = Domain("company_id", "=", self.company_id.id)
        last = self.env["survey.user_input"].search(
            (contact | Domain("lifecycle_respondent_ids", "any", contact & company))
            & Domain("lifecycle_company_id", "in", [False, self.company_id.id])
            & Domain("test_entry", "=", False),
            order="create_date desc",
            limit=1,
        )
        if not last:
            return None
        tz = pytz.timezone(self.company_id.lifecycle_tz or "UTC")
        return pytz.utc.localize(last.create_date).astimezone(tz).date()

    @api.model
    def _get_personal_models(self):
        return [*super()._get_personal_models(), *get_survey_models(self.env)]

    def action_open_satisfaction(self):
        """Open the answers of the customer."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "crm_lifecycle_survey.crm_lifecycle_satisfaction_report_action"
        )
        return {
            **action,
            "domain": [("profile_id", "=", self.id)],
            "context": {},
            "views": [(False, "list")],
        }
