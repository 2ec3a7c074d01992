from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.crm_lifecycle.fields import Date, NullableInteger
from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index

# Default number of days until the next attempt to reach the customer.
RETRY_DAYS = 3


class CrmLifecycleVisit(models.Model):
    """Return visit or call: planned for a day, then its result.

    The plan is an activity of the salesperson, in their usual list of activities. A
    failed attempt is no contact with the customer: the activity moves to the next
    attempt, which is a separate visit.
    """

    _name = "crm.lifecycle.visit"
    _description = "Return Visit"
    _inherit = ["crm.lifecycle.reference.mixin"]
    _order = "date_due, id"
    _rec_names_search = ["profile_id"]
    _readable_fields = ("profile_id", "activity_id")

    profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="profile_id.company_id", store=True, index=True
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Visitor",
        required=True,
        domain=[("share", "=", False)],
        default=lambda self: self.env.user,
        index=True,
        ondelete="restrict",
    )
    stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="Where the customer stood when the visit was planned.",
    )
    activity_id = fields.Many2one(
        comodel_name="mail.activity",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    phone = fields.Char(related="profile_id.phone")
    date_due = Date(string="Due", required=True, default=fields.Date.context_today)
    date_done = Date(string="Done on", readonly=True, copy=False)
    state = fields.Selection(
        selection=[
            ("planned", "Planned"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        required=True,
        readonly=True,
        default="planned",
        copy=False,
    )
    suspended_date = Date(
        string="Cancelled with the Customer on",
        readonly=True,
        copy=False,
        help="The customer was archived on this day. The visit comes back with them.",
    )
    result = fields.Selection(
        selection=[("reached", "Reached"), ("not_reached", "Not reached")],
        copy=False,
    )
    satisfaction = fields.Selection(
        selection=[
            ("1", "1 Very dissatisfied"),
            ("2", "2 Dissatisfied"),
            ("3", "3 So-so"),
            ("4", "4 Satisfied"),
            ("5", "5 Very satisfied"),
        ],
        copy=False,
    )
    satisfaction_score = NullableInteger(
        string="Satisfaction (1-5)",
        compute="_compute_satisfaction_score",
        store=True,
        aggregator="avg",
    )
    note = fields.Text(string="What was said", copy=False)
    next_step = fields.Char(
        copy=False, help="Goes on the list of what to do, for the next day named."
    )
    next_date = Date(
        string="Next on",
        copy=False,
        help="The day of the next step, or of the next attempt.",
    )

    _one_planned = models.UniqueIndex(
        "(profile_id) WHERE state = 'planned'",
        "A return visit to this customer is planned already.",
    )
    _lifecycle_written_idx = watermark_index("write_date")
    _done_idx = models.Index("(company_id, date_done)")
    _satisfaction_reached = models.Constraint(
        "CHECK (satisfaction IS NULL OR result = 'reached')",
        "Only a customer who was reached can tell how satisfied they are.",
    )

    @api.depends("profile_id.display_name")
    def _compute_display_name(self):
        for visit in self:
            visit.display_name = visit.profile_id.display_name

    @api.depends("satisfaction")
    def _compute_satisfaction_score(self):
        for visit in self:
            visit.satisfaction_score = visit.satisfaction and int(visit.satisfaction)

    @api.onchange("result")
    def _onchange_result(self):
        if self.result == "not_reached":
            today = fields.Date.context_today(self)
            self.next_date = fields.Date.add(today, days=RETRY_DAYS)
            self.satisfaction = False
        else:
            self.next_date = False

    # ------------------------------------------------------------
    # ORM
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Plan visits, with an activity for each."""
        visits = super().create(vals_list)
        for visit in visits:
            if not visit.stage_id:
                visit.stage_id = visit.profile_id.stage_id
            if not visit.activity_id:
                visit.activity_id = visit.profile_id.activity_schedule(
                    "crm_lifecycle_visit.mail_activity_type_visit",
                    date_deadline=visit.date_due,
                    user_id=visit.user_id.id,
                )
        return visits

    def write(self, vals):
        """Update the activity with the date and user of the visit."""
        result = super().write(vals)
        for name, target in (("date_due", "date_deadline"), ("user_id", "user_id")):
            if name in vals:
                planned = self.filtered(lambda visit: visit.state == "planned")
                planned.activity_id.write({target: vals[name]})
        return result

    def unlink(self):
        """Refresh the customers of deleted visits, which leave no row to find."""
        self.profile_id._mark_pending()
        return super().unlink()

    # ------------------------------------------------------------
    # Results
    # ------------------------------------------------------------

    def action_record(self):
        """Record the result of the visit, and schedule what comes next."""
        for visit in self:
            if visit.state != "planned":
                raise UserError(
                    self.env._(
                        "The result of the visit to %(customer)s was written down "
                        "already.",
                        customer=visit.display_name,
                    )
                )
            if not visit.result:
                raise UserError(
                    self.env._("Tell first whether you reached the customer.")
                )
            if visit.result == "reached":
                visit._finish()
                visit._plan_next_step()
            else:
                visit._reschedule()
        return {"type": "ir.actions.act_window_close"}

    def _finish(self):
        """Mark the visit and its activity as done, a contact with the customer."""
        self.ensure_one()
        activity = self.activity_id
        self.write({"state": "done", "date_done": self.company_id._lifecycle_today()})
        activity.filtered("active")._action_done(feedback=self.note)
        self.profile_id._mark_pending()
        self.env["crm.lifecycle.pending"]._trigger_run()

    def _plan_next_step(self):
        if not self.next_step:
            return
        self.profile_id.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.next_step,
            date_deadline=self.next_date or fields.Date.context_today(self),
            user_id=self.user_id.id,
        )

    def _reschedule(self):
        """Move the activity to the next attempt, or delete it if there is none."""
        self.ensure_one()
        activity, again = self.activity_id, self.next_date
        self.write(
            {
                "state": "done",
                "date_done": self.company_id._lifecycle_today(),
                "activity_id": False,
            }
        )
        if not again:
            activity.unlink()
            return
        activity.date_deadline = again
        self.flush_recordset()  # a customer has only one planned visit
        self.create(
            {
                "profile_id": self.profile_id.id,
                "user_id": self.user_id.id,
                "date_due": again,
                "activity_id": activity.id,
            }
        )

    def action_open_profile(self):
        """Open the profile of the customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lifecycle.profile",
            "res_id": self.profile_id.id,
            "view_mode": "form",
        }

    def action_open_form(self):
        """Open the form in a dialog to record the result."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Return Visit"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }
