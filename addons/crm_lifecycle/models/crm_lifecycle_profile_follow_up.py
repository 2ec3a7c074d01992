"""Daily work with customers: follow-ups, call list and mass actions."""

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..profile.reevaluate import reevaluate
from ..profile.timeline import get_beginning


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    follow_up_state = fields.Selection(
        selection=[
            ("overdue", "Overdue"),
            ("today", "Today"),
            ("planned", "Planned"),
            ("none", "None"),
        ],
        string="Follow-up state",
        compute="_compute_follow_up_state",
        search="_search_follow_up_state",
        help="Whether a contact with the customer is due, by the day of the follow-up.",
    )
    next_action = fields.Char(
        string="Next action",
        compute="_compute_next_action",
        help="The next activity planned with the customer; without one, what the stage "
        "says to do.",
    )
    phone = fields.Char(
        compute="_compute_phone",
        help="Of the customer, or of the lead.",
    )
    is_to_call = fields.Boolean(
        string="To call",
        compute="_compute_is_to_call",
        search="_search_is_to_call",
        help="A follow-up is due, or an activity of mine.",
    )

    # ------------------------------------------------------------
    # Follow-up
    # ------------------------------------------------------------

    @api.depends("follow_up_date")
    def _compute_follow_up_state(self):
        today = fields.Date.context_today(self)
        for profile in self:
            date = profile.follow_up_date
            if not date:
                profile.follow_up_state = "none"
            elif date == today:
                profile.follow_up_state = "today"
            else:
                profile.follow_up_state = "overdue" if date < today else "planned"

    def _search_follow_up_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        domains = {
            "overdue": Domain("follow_up_date", "<", "today"),
            "today": Domain("follow_up_date", "=", "today"),
            "planned": Domain("follow_up_date", ">", "today"),
            "none": Domain("follow_up_date", "=", False),
        }
        return Domain.OR(domains[state] for state in value if state in domains)

    def _field_to_sql(self, alias, field_expr, query=None):
        """Allow progress bars and groups to count the states of follow-ups."""
        if field_expr != "follow_up_state":
            return super()._field_to_sql(alias, field_expr, query)
        date = self._field_to_sql(alias, "follow_up_date", query)
        return SQL(
            "CASE WHEN %(date)s < %(today)s THEN 'overdue'"
            " WHEN %(date)s = %(today)s THEN 'today'"
            " WHEN %(date)s IS NULL THEN 'none' ELSE 'planned' END",
            date=date,
            today=fields.Date.context_today(self),
        )

    # ------------------------------------------------------------
    # Call list
    # ------------------------------------------------------------

    @api.depends("follow_up_date", "activity_ids.date_deadline", "activity_ids.user_id")
    @api.depends_context("uid")
    def _compute_is_to_call(self):
        today = fields.Date.context_today(self)
        for profile in self:
            dates = (profile.follow_up_date, profile.my_activity_date_deadline)
            profile.is_to_call = any(date and date <= today for date in dates)

    def _search_is_to_call(self, operator, value):
        if operator != "in":
            return NotImplemented
        due = Domain("follow_up_date", "<=", "today") | Domain(
            "my_activity_date_deadline", "<=", "today"
        )
        return due if True in value else ~due

    @api.depends("partner_id.phone", "lead_id.phone")
    def _compute_phone(self):
        for profile in self:
            # sudo: a user who sees the customer may call them.
            subject = profile.sudo().partner_id or profile.sudo().lead_id
            profile.phone = subject.phone

    @api.depends(
        "activity_ids.date_deadline",
        "activity_ids.summary",
        "activity_ids.activity_type_id",
        "stage_id",
    )
    @api.depends_context("lang")
    def _compute_next_action(self):
        for profile in self:
            activity = profile.activity_ids[:1]
            if activity:
                words = (activity.activity_type_id.name, activity.summary)
                profile.next_action = ": ".join(filter(None, words))
            else:
                stage = profile.stage_id
                profile.next_action = stage.goal or get_beginning(stage.guidance)

    def action_log_call(self):
        """Open the dialog to log a call with the customer."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "crm_lifecycle.crm_lifecycle_profile_call_action"
        )
        return {**action, "context": {"default_profile_id": self.id}}

    def _note_contact(self):
        """Record a contact today, which restarts the follow-up at once.

        The next run would find the same. Until then, the customer should not stay on
        the call list.
        """
        self.env.flush_all()
        for company, profiles in self.grouped("company_id").items():
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE crm_lifecycle_profile
                       SET last_contact_date = GREATEST(last_contact_date, %(today)s)
                     WHERE id = ANY(%(ids)s)
                    """,
                    today=company._lifecycle_today(),
                    ids=profiles.ids,
                )
            )
        self.invalidate_recordset(["last_contact_date"])
        self._sync_follow_up(self.ids)
        self._mark_pending(review=True)

    # ------------------------------------------------------------
    # Mass actions
    # ------------------------------------------------------------

    def action_reevaluate(self):
        """Recompute the facts of the customers and evaluate the rules now.

        If there are many of them, or a long work list, the scheduled job does it.
        """
        self.check_access("write")
        return self._get_notification_action(reevaluate(self))

    @api.model
    def _get_notification_action(self, message):
        """Return the action that shows a notification and reloads the view."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": message,
                "type": "info",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _pin(self, until):
        """Pin the customers up to a day, so that no rule moves them; False unpins."""
        for company, profiles in self.grouped("company_id").items():
            today = company._lifecycle_today()
            if until and until < today:
                raise UserError(
                    self.env._(
                        "%(day)s has passed, so it would pin “%(customer)s” no longer. "
                        "Choose %(today)s or a later day.",
                        day=until,
                        customer=profiles[:1].display_name,
                        today=today,
                    )
                )
        self.write({"pinned_until": until})
