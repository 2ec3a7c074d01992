from odoo import api, fields, models
from odoo.exceptions import UserError

from ..fields import Date


class CrmLifecycleProfileCall(models.TransientModel):
    """Logs the outcome of a call, and plans the next one."""

    _name = "crm.lifecycle.profile.call"
    _description = "Log a Call"
    _inherit = ["crm.lifecycle.reference.mixin"]

    _readable_fields = ("profile_id", "activity_id")

    profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        string="Customer",
        required=True,
        ondelete="cascade",
    )
    # Read as the user, who may have no access to the customer set here.
    next_action = fields.Char(
        related="profile_id.next_action", related_sudo=False, string="What to do"
    )
    phone = fields.Char(related="profile_id.phone", related_sudo=False)
    activity_id = fields.Many2one(
        comodel_name="mail.activity",
        string="Activity done",
        compute="_compute_activity_id",
        store=True,
        readonly=False,
        domain="[('res_model', '=', 'crm.lifecycle.profile'), "
        "('res_id', '=', profile_id)]",
        ondelete="set null",
        help="The planned activity that the call has done with. Empty: none.",
    )
    note = fields.Text(string="What came of it")
    next_date = Date(
        string="Call again on", help="Plans a call for that day. Empty: none."
    )

    @api.depends("profile_id")
    def _compute_activity_id(self):
        """Suggest the user's first activity that is due today or overdue."""
        for wizard in self:
            wizard.activity_id = wizard.profile_id.activity_ids.filtered(
                lambda activity: (
                    activity.user_id == self.env.user
                    and activity.date_deadline <= fields.Date.context_today(self)
                )
            )[:1]

    def action_log(self):
        """Log the call as done, and plan the next one."""
        self.ensure_one()
        profile = self.profile_id
        profile.check_access("write")
        today = fields.Date.context_today(self)
        if self.next_date and self.next_date <= today:
            raise UserError(
                self.env._(
                    "The next call with %(customer)s is to be after today. Choose a "
                    "later day.",
                    customer=profile.display_name,
                )
            )
        activity = self.activity_id or self._plan(today)
        activity.action_feedback(feedback=self.note or False)
        if self.next_date:
            self._plan(self.next_date)
        profile._note_contact()
        return {"type": "ir.actions.act_window_close"}

    def _plan(self, day):
        return self.profile_id.activity_schedule(
            "mail.mail_activity_data_call", day, user_id=self.env.uid
        )
