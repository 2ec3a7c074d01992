import threading

import pytz

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.http import request
from odoo.tools import SQL

from odoo.addons.base.models.res_partner import _tz_get

from ..fields import Integer

# The longest hold: a longer one is a pin.
MAX_HOLD_DAYS = 366


class ResCompany(models.Model):
    _inherit = "res.company"

    lifecycle_tz = fields.Selection(
        selection=_tz_get,
        string="Lifecycle Time Zone",
        compute="_compute_lifecycle_tz",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
        help="The time zone in which the days of orders, messages and moves are "
        "counted for this company.",
    )
    lifecycle_hold_days = Integer(
        string="Hold after Manual Moves",
        default=7,
        minimum=0,
        maximum=MAX_HOLD_DAYS,
        help="For so many days after a manual move, no rule moves the customer away. "
        "0: rules apply from the next day on.",
    )

    @api.depends("partner_id")
    def _compute_lifecycle_tz(self):
        for company in self:
            company.lifecycle_tz = (
                company.lifecycle_tz
                or company.partner_id.tz
                or self._get_requester_tz()
                or company._get_country_tz()
                or "UTC"
            )

    @api.model
    def _get_requester_tz(self):
        """Return the time zone of the user who sent the request, if it is known.

        An addon is installed as superuser, who has no time zone.
        """
        # The remote procedure calls leave no request, only the user of the thread.
        uid = (
            request.env.uid
            if request
            else getattr(threading.current_thread(), "uid", None)
        )
        # sudo: only a time zone is read.
        user = self.env["res.users"].sudo().browse(uid or []).exists()
        return user.tz or self.env.user.tz

    def _get_country_tz(self):
        """Return the time zone of the company's country, if it has only one."""
        self.ensure_one()
        # sudo: the country of a company is not confidential.
        code = self.sudo().partner_id.country_id.code
        zones = pytz.country_timezones.get(code, []) if code else []
        return zones[0] if len(zones) == 1 else False

    def _get_lifecycle_restore_limit(self):
        """Extension point: return since when an archived customer may come back whole.

        What was planned with customers archived before this day stays closed. False: no
        limit.
        """
        self.ensure_one()
        return False

    @api.ondelete(at_uninstall=False)
    def _unlink_except_lifecycle(self):
        """Keep companies with a customer history; delete the runs of others."""
        for company in self:
            mine = [("company_id", "=", company.id)]
            # sudo: a user who may delete a company may know that it has customers.
            if any(
                self.env[name].sudo().search_count(mine, limit=1)
                for name in ("crm.lifecycle.history", "crm.lifecycle.profile")
            ):
                raise UserError(
                    self.env._(
                        "“%(company)s” has customers with a lifecycle and can't be "
                        "deleted. Archive it instead.",
                        company=company.name,
                    )
                )
            for name in ("crm.lifecycle.run", "crm.lifecycle.pending"):
                self.env[name].sudo().search(mine).unlink()  # sudo: cleanup

    def write(self, vals):
        if "lifecycle_tz" in vals:
            moved = self.filtered(lambda c: c.lifecycle_tz != vals["lifecycle_tz"])
            # All local dates may change: the next run is a full rebuild.
            self.env["crm.lifecycle.run"]._reset_watermark(moved)
        return super().write(vals)

    def _check_lifecycle_user(self):
        """Raise if the user is not allowed in one of these companies.

        It protects work that is done with more rights than the user has, such as runs.

        :raises AccessError: without the name of the company
        """
        if not self.env.su and set(self.ids) - set(self.env.user._get_company_ids()):
            raise AccessError(
                self.env._(
                    "You don't work in this company. Choose one of your companies."
                )
            )

    def _lifecycle_today(self):
        """Return today's date in the time zone of the company."""
        self.ensure_one()
        now = pytz.utc.localize(fields.Datetime.now())
        tz = pytz.timezone(self.sudo().lifecycle_tz or "UTC")  # sudo: not confidential
        return now.astimezone(tz).date()

    def _get_database_today(self):
        """Return today's date in the company's time zone, by the database's clock.

        Callers can't change it. Tests of future days patch it.
        """
        self.ensure_one()
        [[today]] = self.env.execute_query(
            SQL(
                "SELECT (clock_timestamp() AT TIME ZONE %s)::date",
                self.sudo().lifecycle_tz or "UTC",  # sudo: not confidential
            )
        )
        return today
