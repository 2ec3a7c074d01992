import pytz

from odoo import api, fields, models

from odoo.addons.base.models.res_partner import _tz_get


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

    @api.depends("partner_id")
    def _compute_lifecycle_tz(self):
        for company in self:
            company.lifecycle_tz = (
                company.lifecycle_tz
                or company.partner_id.tz
                or self.env.user.tz
                or "UTC"
            )

    def write(self, vals):
        if "lifecycle_tz" in vals:
            moved = self.filtered(lambda c: c.lifecycle_tz != vals["lifecycle_tz"])
            # Every local date may differ now: the next run starts from nothing.
            self.env["crm.lifecycle.run"]._forget_watermark(moved)
        return super().write(vals)

    def _lifecycle_today(self):
        """Return today's date in the time zone of the company."""
        self.ensure_one()
        now = pytz.utc.localize(fields.Datetime.now())
        tz = pytz.timezone(self.sudo().lifecycle_tz or "UTC")  # a name, no secret
        return now.astimezone(tz).date()
