from odoo import api, fields, models

from ..fields import Integer


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    lifecycle_tz = fields.Selection(
        related="company_id.lifecycle_tz", readonly=False, string="Time Zone"
    )
    lifecycle_hold_days = Integer(
        related="company_id.lifecycle_hold_days", readonly=False
    )
    lifecycle_active_names = fields.Char(
        string="Active lifecycles", compute="_compute_lifecycle_state"
    )
    lifecycle_is_scheduled = fields.Boolean(compute="_compute_lifecycle_state")
    lifecycle_next_run = fields.Datetime(
        string="Next run", compute="_compute_lifecycle_state"
    )
    lifecycle_last_run_id = fields.Many2one(
        comodel_name="crm.lifecycle.run",
        string="Last run",
        compute="_compute_lifecycle_state",
    )
    lifecycle_last_run_state = fields.Selection(
        related="lifecycle_last_run_id.state", string="How it ended"
    )

    @api.depends("company_id")
    def _compute_lifecycle_state(self):
        """Compute the names of active lifecycles, and whether the job is active."""
        # sudo: users who may open the settings may see the state of the job.
        cron = self.env.ref("crm_lifecycle.ir_cron_run", False)
        cron = cron.sudo() if cron else self.env["ir.cron"].sudo()
        for settings in self:
            company = settings.company_id
            settings.lifecycle_active_names = ", ".join(
                self.env["crm.lifecycle"]._get_active(company).mapped("name")
            )
            settings.lifecycle_is_scheduled = cron.active
            settings.lifecycle_next_run = cron.active and cron.nextcall
            settings.lifecycle_last_run_id = self.env["crm.lifecycle.run"].search(
                [("company_id", "=", company.id), ("parent_id", "=", False)], limit=1
            )

    def action_open_lifecycle_schedule(self):
        """Open the scheduled job that runs the lifecycles."""
        return {
            "type": "ir.actions.act_window",
            "res_model": "ir.cron",
            "res_id": self.env.ref("crm_lifecycle.ir_cron_run").id,
            "view_mode": "form",
        }
