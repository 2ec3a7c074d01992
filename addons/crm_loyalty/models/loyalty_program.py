from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

from .loyalty_company_mixin import filter_foreign_companies, make_company_error

NEGATIVE_POLICIES = [
    ("debt", "Let the balance go below zero"),
    ("floor", "Take what is there, do without the rest"),
    ("block", "Refuse"),
]


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    pending_policy = fields.Selection(
        selection=[
            ("none", "At once"),
            ("days", "Days after the order"),
            ("paid", "When the invoice is paid"),
        ],
        string="Points Available",
        required=True,
        default="none",
        help="When points that were earned may be spent. Until then they are pending.",
    )
    pending_days = fields.Integer(
        string="Return Window",
        default=14,
        help="Points are pending for this number of days.",
    )
    expiry_policy = fields.Selection(
        selection=[
            ("never", "Never"),
            ("days", "After a number of days"),
            ("month", "At the end of the month"),
            ("year", "At the end of the year"),
            ("activity", "After days without earning or spending"),
        ],
        string="Points Expire",
        required=True,
        default="never",
    )
    expire_after = fields.Integer(
        default=365,
        help="Points can be spent for this number of days from the day on which they "
        "were earned; with the end of a month or year, until the end of the one in "
        "which these days are over.",
    )
    negative_policy = fields.Selection(
        selection=NEGATIVE_POLICIES,
        string="Returned After Spending",
        required=True,
        default="debt",
        help="What happens when points are to be taken back that the customer has "
        "spent already.",
    )
    reinstate_days = fields.Integer(
        string="Reinstatement Window",
        default=30,
        help="For this number of days expired points can be given back.",
    )
    expiry_reminder = fields.Boolean(
        string="Remind of Expiry",
        help="Customers get a mail with all points that are about to expire.",
    )
    reminder_first_days = fields.Integer(string="First Reminder", default=30)
    reminder_last_days = fields.Integer(string="Last Reminder", default=7)
    reminder_template_id = fields.Many2one(
        comodel_name="mail.template",
        string="Reminder Mail",
        domain=[("model", "=", "loyalty.card")],
        default=lambda self: self.env.ref(
            "crm_loyalty.mail_template_points_expiring", raise_if_not_found=False
        ),
    )
    adjust_limit = fields.Float(
        string="Approval Limit",
        digits=(16, 2),
        help="Adjustments of more points than this wait for a second person's "
        "approval. 0: as set for the company.",
    )

    _pending_days_positive = models.Constraint(
        "CHECK (pending_days >= 0)", "The return window can't be below zero days."
    )
    _expire_after_positive = models.Constraint(
        "CHECK (expire_after >= 0)", "Points can't expire before they are earned."
    )
    _reminder_days_ordered = models.Constraint(
        "CHECK (reminder_last_days >= 0 AND reminder_first_days >= reminder_last_days)",
        "The first reminder comes before the last.",
    )

    def write(self, vals):
        """Keep points and tiers of a program to the users of its companies.

        Odoo's own fields are left to Odoo's rules.
        """
        if any(self._is_points_field(name) for name in vals):
            self._check_points_companies()
        result = super().write(vals)
        if "company_id" in vals:
            self.filtered(
                lambda program: program.program_type == "loyalty"
            )._check_points_companies()
        return result

    @api.model
    def _is_points_field(self, name):
        """Whether one of our addons has added the field to programs."""
        modules = name in self._fields and self._fields[name]._modules
        return bool(modules) and modules[0].startswith(("crm_loyalty", "crm_lifecycle"))

    def _check_points_companies(self):
        """Raise where a program is of all companies, or of one that isn't the user's.

        :raises AccessError: naming the program, see `LoyaltyCompanyMixin`
        """
        foreign = self.browse() if self.env.su else filter_foreign_companies(self)
        if foreign:
            raise make_company_error(foreign)

    def _get_loyalty_today(self):
        """Return the day that it is for the programme's company."""
        return self.company_id._get_loyalty_today()

    def _get_available_date(self, day):
        """Return the first day on which points earned on ``day`` may be spent.

        None: not known yet.
        """
        self.ensure_one()
        if self.pending_policy == "paid":
            return None
        if self.pending_policy == "days":
            return day + timedelta(days=self.pending_days)
        return day

    def _get_expiration_date(self, day):
        """Return the last day on which points earned on ``day`` may be spent.

        None: they don't expire.
        """
        self.ensure_one()
        if self.expiry_policy == "never":
            return None
        last = day + timedelta(days=self.expire_after)
        if self.expiry_policy == "month":
            return last + relativedelta(day=31)
        if self.expiry_policy == "year":
            return date(last.year, 12, 31)
        return last

    def _get_adjust_limit(self):
        """Return the points above which an adjustment needs approval; 0: none."""
        self.ensure_one()
        # The limit is everybody's to keep, whoever may read companies.
        company = (self.company_id or self.env.company).sudo()
        return self.sudo().adjust_limit or company.loyalty_adjust_limit

    @api.model
    def _get_kinds_of_activity(self):
        """Extension point: kinds of entries that keep a customer's points alive."""
        return {"earn", "burn"}
