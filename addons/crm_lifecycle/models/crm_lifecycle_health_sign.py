from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import ormcache

from ..engine.bounds import MAX_DAYS
from ..fields import Integer
from .crm_lifecycle_profile_health import get_place

LEVELS = [("watch", "Watch"), ("at_risk", "At risk")]
UNITS = [
    ("days", "days"),
    ("percent", "%"),
    ("stars", "of 5"),
]


class SignSetting(NamedTuple):
    """What a company has set for a sign."""

    code: str
    company_id: int
    is_enabled: bool
    level: str
    threshold: int
    sequence: int


class CrmLifecycleHealthSign(models.Model):
    """What a sign of health means in a company: its level, its threshold, its place.

    The signs themselves are code, see `_get_health_signs` of the profile. A company
    without a record for a sign uses the defaults of the code; the records are created
    when a manager opens the settings.
    """

    _name = "crm.lifecycle.health.sign"
    _description = "Health Sign"
    _inherit = ["crm.lifecycle.company.mixin"]
    _order = "company_id, sequence, id"

    code = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    sequence = Integer(
        default=10, help="The reasons of a customer's health are listed in this order."
    )
    is_enabled = fields.Boolean(
        string="On",
        default=True,
        help="Off: the sign has no effect on the health of the company's customers.",
    )
    level = fields.Selection(
        selection=LEVELS,
        string="Health",
        required=True,
        default="watch",
        help="The health of customers with this sign, unless another sign is worse.",
    )
    threshold = Integer(
        minimum=0,
        maximum=MAX_DAYS,
        default=0,
        aggregator=None,
        help="The number from which the sign applies. Days of silence that are set on "
        "a lifecycle replace those set here.",
    )
    name = fields.Char(string="Sign", compute="_compute_sign")
    unit = fields.Selection(selection=UNITS, compute="_compute_sign")
    has_threshold = fields.Boolean(compute="_compute_sign")

    _code_unique = models.Constraint(
        "UNIQUE (company_id, code)",
        "The company has settings for this sign already.",
    )

    @api.depends("code")
    @api.depends_context("lang")
    def _compute_sign(self):
        signs = self._get_signs()
        for record in self:
            sign = signs.get(record.code)
            record.name = sign.name if sign else record.code
            record.has_threshold = bool(sign and sign.threshold)
            record.unit = sign.unit if sign and sign.threshold else False

    @api.depends("name")
    def _compute_display_name(self):
        for record in self:
            record.display_name = record.name

    @api.constrains("threshold")
    def _check_threshold(self):
        signs = self._get_signs()
        for record in self:
            sign = signs.get(record.code)
            if not sign or not sign.threshold:
                continue
            if not sign.minimum <= record.threshold <= sign.maximum:
                raise ValidationError(
                    self.env._(
                        "“%(sign)s” takes numbers from %(minimum)s to %(maximum)s. "
                        "Enter one of these.",
                        sign=record.name,
                        minimum=sign.minimum,
                        maximum=sign.maximum,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self._clear_settings()
        return records

    def write(self, vals):
        result = super().write(vals)
        self._clear_settings()
        return result

    def unlink(self):
        result = super().unlink()
        self._clear_settings()
        return result

    @api.model
    def _clear_settings(self):
        """Have the health of customers computed by the new settings."""
        self.env.registry.clear_cache()
        self.env["crm.lifecycle.profile"]._invalidate_health()

    @api.model
    def _get_signs(self):
        """Return ``{code: HealthSign}``, in order."""
        signs = self.env["crm.lifecycle.profile"]._get_health_signs()
        return {sign.code: sign for sign in signs if sign.code}

    @api.model
    @ormcache()
    def _get_settings(self):
        """Return a `SignSetting` for each record, of all companies."""
        # sudo: any user who sees a customer sees its health, but not the settings.
        records = self.sudo().search_fetch([], SignSetting._fields)
        return tuple(
            SignSetting(
                code=record.code,
                company_id=record.company_id.id,
                is_enabled=record.is_enabled,
                level=record.level,
                threshold=record.threshold,
                sequence=record.sequence,
            )
            for record in records
        )

    @api.model
    def _create_missing(self, companies):
        """Create the records that companies lack, with the defaults of the code."""
        known = {(item.code, item.company_id) for item in self._get_settings()}
        # sudo: only this method creates records; the companies are the user's.
        self.sudo().create(
            [
                {
                    "code": sign.code,
                    "company_id": company.id,
                    "sequence": get_place(number),
                    "level": sign.level,
                    "threshold": sign.threshold,
                }
                for company in companies
                for number, sign in enumerate(self._get_signs().values())
                if (sign.code, company.id) not in known
            ]
        )

    @api.model
    def _open(self):
        """Return the action with the signs of the user's present companies."""
        self.browse().check_access("write")
        self._create_missing(self.env.companies)
        action = self.env["ir.actions.actions"]._for_xml_id(
            "crm_lifecycle.crm_lifecycle_health_sign_action"
        )
        return {
            **action,
            # Signs of addons that are not installed any more keep their settings.
            "domain": [
                ("code", "in", list(self._get_signs())),
                ("company_id", "in", self.env.companies.ids),
            ],
        }
