import threading
from datetime import UTC

import pytz

from odoo import api, fields, models
from odoo.http import request
from odoo.tools import SQL

from odoo.addons.base.models.res_partner import _tz_get

from ..engine.ledger import MAX_POINTS
from .crm_loyalty_bounded_mixin import check_values

LIMIT_BOUNDS = {"crm_loyalty_adjust_limit": (0, MAX_POINTS)}


class ResCompany(models.Model):
    _inherit = "res.company"

    crm_loyalty_tz = fields.Selection(
        selection=_tz_get,
        string="Points Time Zone",
        compute="_compute_crm_loyalty_tz",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
        help="The time zone in which the days of points are counted: when they are "
        "earned, become available and expire.",
    )
    crm_loyalty_adjust_limit = fields.Float(
        string="Points Approval Limit",
        digits=(16, 2),
        help="A person who gives or takes more points than this on one card in 30 days "
        "needs the approval of a second person. 0: no approval is needed.",
    )

    _loyalty_adjust_limit_bounds = models.Constraint(
        f"CHECK (crm_loyalty_adjust_limit BETWEEN 0 AND {MAX_POINTS})",
        "The approval limit is from 0 to 1,000,000,000 points.",
    )

    @api.depends("partner_id")
    def _compute_crm_loyalty_tz(self):
        for company in self:
            company.crm_loyalty_tz = (
                company.crm_loyalty_tz
                or company.partner_id.tz
                or self._get_loyalty_requester_tz()
                or company._get_loyalty_country_tz()
                or "UTC"
            )

    @api.model
    def _get_loyalty_requester_tz(self):
        """Return the time zone of the user who sent the request, if it is known.

        An addon is installed as superuser, who has no time zone.
        """
        # The remote procedure calls leave no request, only the user of the thread.
        uid = (
            request.env.uid
            if request
            else getattr(threading.current_thread(), "uid", None)
        )
        # Only a time zone is read.
        user = self.env["res.users"].sudo().browse(uid or []).exists()
        return user.tz or self.env.user.tz

    def _get_loyalty_country_tz(self):
        """Return the time zone of the company's country, if it has only one."""
        self.ensure_one()
        code = self.sudo().partner_id.country_id.code  # no secret
        zones = pytz.country_timezones.get(code, []) if code else []
        return zones[0] if len(zones) == 1 else False

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            check_values(self, vals, LIMIT_BOUNDS)
        return super().create(vals_list)

    def write(self, vals):
        """Log changes of the approval limit."""
        check_values(self, vals, LIMIT_BOUNDS)
        if "crm_loyalty_adjust_limit" not in vals:
            return super().write(vals)
        limits = {company: company.crm_loyalty_adjust_limit for company in self}
        result = super().write(vals)
        if any(c.crm_loyalty_adjust_limit != limit for c, limit in limits.items()):
            # Users can't write the log of changes.
            self.env["crm.loyalty.limit.change"].sudo().create(
                [
                    {
                        "company_id": company.id,
                        "user_id": self.env.uid,
                        "date": company._get_loyalty_today(),
                        "old_limit": limit,
                        "new_limit": company.crm_loyalty_adjust_limit,
                    }
                    for company, limit in limits.items()
                    if limit != company.crm_loyalty_adjust_limit
                ]
            )
        return result

    def _get_loyalty_today(self):
        """Return the current day of the company, by default of the main company."""
        # The day is no secret.
        company = self.sudo() or self.sudo().env.ref("base.main_company")
        zone = pytz.timezone(company.crm_loyalty_tz or "UTC")
        return fields.Datetime.now().replace(tzinfo=UTC).astimezone(zone).date()

    @api.model
    def _get_loyalty_today_sql(self, company):
        """Return the SQL of the current day of the company in a column."""
        return SQL(
            "(now() AT TIME ZONE COALESCE((SELECT crm_loyalty_tz FROM res_company "
            "WHERE id = COALESCE(%s, %s)), 'UTC'))::date",
            SQL.identifier(*company.split(".")),
            self.env.ref("base.main_company").id,
        )
