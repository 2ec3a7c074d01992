from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models

from ..engine.ledger import MAX_POINTS
from .crm_loyalty_bounded_mixin import FIRST_DAY, MAX_DAYS
from .crm_loyalty_company_mixin import filter_foreign_companies, make_company_error

# Maximum value of a point.
MAX_VALUE = 10**6
# Grace days keep a tier for at most half a year.
MAX_GRACE_DAYS = 180
# Bounded, because each of these days is evaluated.
MAX_WARN_DAYS = 366

NEGATIVE_POLICIES = [
    ("debt", "Let the balance go below zero"),
    ("floor", "Take what is there, do without the rest"),
    ("block", "Refuse"),
]


class LoyaltyProgram(models.Model):
    _name = "loyalty.program"
    _inherit = ["loyalty.program", "crm.loyalty.bounded.mixin"]

    crm_loyalty_pending_policy = fields.Selection(
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
    crm_loyalty_pending_days = fields.Integer(
        string="Return Window",
        default=14,
        help="Points are pending for this number of days.",
    )
    crm_loyalty_expiry_policy = fields.Selection(
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
    crm_loyalty_expiry_days = fields.Integer(
        string="Expire After",
        default=365,
        help="Points can be spent for this number of days from the day on which they "
        "were earned; with the end of a month or year, until the end of the one in "
        "which these days are over.",
    )
    crm_loyalty_negative_policy = fields.Selection(
        selection=NEGATIVE_POLICIES,
        string="Returned After Spending",
        required=True,
        default="debt",
        help="What happens when points are to be taken back that the customer has "
        "spent already.",
    )
    crm_loyalty_reinstate_days = fields.Integer(
        string="Reinstatement Window",
        default=30,
        help="For this number of days expired points can be given back.",
    )
    crm_loyalty_expiry_reminder = fields.Boolean(
        string="Remind of Expiry",
        help="Customers get a mail with all points that are about to expire.",
    )
    crm_loyalty_reminder_first_days = fields.Integer(
        string="First Reminder", default=30
    )
    crm_loyalty_reminder_last_days = fields.Integer(string="Last Reminder", default=7)
    crm_loyalty_reminder_template_id = fields.Many2one(
        comodel_name="mail.template",
        string="Reminder Mail",
        domain=[("model", "=", "loyalty.card")],
        default=lambda self: self.env.ref(
            "crm_loyalty.mail_template_points_expiring", raise_if_not_found=False
        ),
    )
    crm_loyalty_adjust_limit = fields.Float(
        string="Approval Limit",
        digits=(16, 2),
        help="A person who gives or takes more points than this on one card in 30 days "
        "needs the approval of a second person. 0: as set for the company.",
    )

    _pending_days_positive = models.Constraint(
        "CHECK (crm_loyalty_pending_days >= 0)",
        "The return window can't be below zero days.",
    )
    _expire_after_positive = models.Constraint(
        "CHECK (crm_loyalty_expiry_days >= 0)",
        "Points can't expire before they are earned.",
    )
    _reminder_days_ordered = models.Constraint(
        "CHECK (crm_loyalty_reminder_last_days >= 0 "
        "AND crm_loyalty_reminder_first_days >= crm_loyalty_reminder_last_days)",
        "The first reminder comes before the last.",
    )

    @api.model
    def _is_points_field(self, name):
        """Return whether one of our addons adds the field to programs."""
        modules = name in self._fields and self._fields[name]._modules
        return bool(modules) and modules[0].startswith(("crm_loyalty", "crm_lifecycle"))

    def _check_points_companies(self):
        """Check that the user may change the programs, see `CrmLoyaltyCompanyMixin`.

        :raises AccessError: if a program belongs to all companies, or to one that the
            user has no access to
        """
        foreign = self.browse() if self.env.su else filter_foreign_companies(self)
        if foreign:
            raise make_company_error(foreign)

    _periods_bounds = models.Constraint(
        f"CHECK (crm_loyalty_pending_days <= {MAX_DAYS} "
        f"AND crm_loyalty_expiry_days <= {MAX_DAYS} "
        f"AND crm_loyalty_reinstate_days BETWEEN 0 AND {MAX_DAYS} "
        f"AND crm_loyalty_reminder_first_days <= {MAX_DAYS})",
        "Periods of points have from 0 to 36,500 days.",
    )
    _adjust_limit_bounds = models.Constraint(
        f"CHECK (crm_loyalty_adjust_limit BETWEEN 0 AND {MAX_POINTS})",
        "The approval limit is from 0 to 1,000,000,000 points.",
    )

    @api.model
    def _get_bounds(self):
        days = (
            "crm_loyalty_pending_days",
            "crm_loyalty_expiry_days",
            "crm_loyalty_reinstate_days",
            "crm_loyalty_reminder_first_days",
            "crm_loyalty_reminder_last_days",
        )
        # Fields of Odoo; nothing is computed from them.
        ever = dict.fromkeys(("date_from", "date_to"), (FIRST_DAY, date(9999, 12, 31)))
        return {
            **super()._get_bounds(),
            **ever,
            **dict.fromkeys(days, (0, MAX_DAYS)),
            "crm_loyalty_adjust_limit": (0, MAX_POINTS),
            "crm_loyalty_point_value": (0, MAX_VALUE),
            "crm_loyalty_tier_grace_days": (0, MAX_GRACE_DAYS),
            "crm_loyalty_tier_warn_days": (0, MAX_WARN_DAYS),
        }

    def _get_loyalty_today(self):
        """Return the current day in the time zone of the program's company."""
        return self.company_id._get_loyalty_today()

    def _filter_earning_lines(self, lines):
        """Return the order lines with products that earn points; all if none does."""
        products = self.env["product.product"]
        for rule_products in self._get_valid_products(lines.product_id).values():
            products |= rule_products
        return lines.filtered(lambda line: line.product_id in products) or lines

    def _get_available_date(self, day):
        """Return the first day on which points earned on ``day`` may be spent.

        None if it is not known yet.
        """
        self.ensure_one()
        if self.crm_loyalty_pending_policy == "paid":
            return None
        if self.crm_loyalty_pending_policy == "days":
            return day + timedelta(days=self.crm_loyalty_pending_days)
        return day

    def _get_expiration_date(self, day):
        """Return the last day on which points earned on ``day`` may be spent.

        None if they don't expire.
        """
        self.ensure_one()
        if self.crm_loyalty_expiry_policy == "never":
            return None
        last = day + timedelta(days=self.crm_loyalty_expiry_days)
        if self.crm_loyalty_expiry_policy == "month":
            return last + relativedelta(day=31)
        if self.crm_loyalty_expiry_policy == "year":
            return date(last.year, 12, 31)
        return last

    @api.model_create_multi
    def create(self, vals_list):
        programs = super().create(vals_list)
        for program in programs.filtered("crm_loyalty_adjust_limit"):
            program._log_limit(min(program._get_company_limits(), default=0))
        return programs

    def write(self, vals):
        """Check access to our settings by company, and log changes of the limit.

        Odoo's record rules decide about its own fields.
        """
        if any(self._is_points_field(name) for name in vals):
            self._check_points_companies()
        limits = {}
        if vals.keys() & {"crm_loyalty_adjust_limit", "company_id"}:
            limits = {
                program: (program._get_current_limits(), program._get_adjust_limit())
                for program in self
            }
        result = super().write(vals)
        if "company_id" in vals:
            self.filtered(
                lambda program: program.program_type == "loyalty"
            )._check_points_companies()
        for program, (current, counted) in limits.items():
            if program._get_current_limits() != current:
                program._log_limit(counted)
        return result

    def _log_limit(self, old_limit):
        """Log a change of the approval limit by the current user."""
        self.ensure_one()
        new_limit = min(self._get_current_limits(), default=0)
        if new_limit != old_limit:
            # Users can't write the log of changes.
            self.env["crm.loyalty.limit.change"].sudo().create(
                {
                    "program_id": self.id,
                    "company_id": self.company_id.id,
                    "user_id": self.env.uid,
                    "date": self._get_loyalty_today(),
                    "old_limit": old_limit,
                    "new_limit": new_limit,
                }
            )

    def _get_adjust_limit(self, user=None):
        """Return the approval limit of a user for points by hand; 0 if there is none.

        It is the limit of the program, else of its company. For a user who changed it
        in the last 30 days, it is the lowest of the former and current limits.
        """
        self.ensure_one()
        user = user or self.env.user
        # The limit also applies to users who can't read it.
        program = self.sudo()
        companies = program._get_limiting_companies(user)
        limits = [
            *program._get_current_limits(user),
            *self.env["crm.loyalty.limit.change"]._get_former_limits(
                program,
                companies if not program.crm_loyalty_adjust_limit else None,
                user,
            ),
        ]
        return min((limit for limit in limits if limit), default=0)

    def _get_current_limits(self, user=None):
        """Return the limits that currently apply to the program."""
        # The limit also applies to users who can't read it.
        limit = self.sudo().crm_loyalty_adjust_limit
        return [limit] if limit else self._get_company_limits(user)

    def _get_company_limits(self, user=None):
        # The limit also applies to users who can't read it.
        companies = self.sudo()._get_limiting_companies(user or self.env.user)
        return [
            company.crm_loyalty_adjust_limit
            for company in companies
            if company.crm_loyalty_adjust_limit
        ]

    def _get_limiting_companies(self, user):
        """Return the companies with the limits of a program without its own limit.

        For a program of all companies, these are all companies of the user. Otherwise
        a user could switch to the company with the highest limit.
        """
        return self.company_id or user.sudo().company_ids | self.env.company

    @api.model
    def _get_activity_kinds(self):
        """Extension point: kinds of entries that postpone expiry as activity."""
        return {"earn", "burn"}
