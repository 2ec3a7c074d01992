from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import plaintext2html

from odoo.addons.crm_lifecycle.engine import bounds
from odoo.addons.crm_lifecycle.engine.responsibles import SALESPERSON
from odoo.addons.crm_lifecycle.fields import MAX_AMOUNT, Date, Integer, Monetary

from ..risk_check import RiskCheck

OPEN_STATES = ("open", "planned", "saving")
CLOSED_STATES = ("saved", "lost")
# A case without an outcome: of a customer who was merged or archived.
CANCELLED = "cancelled"
# Fields that only the closing of a case writes.
CLOSING_FIELDS = {"date_closed", "days", "facts", "move_id", "closing_move_id"}
# Fields of a closed case that can't change. Its reason may still be found out later.
LOCKED_FIELDS = CLOSING_FIELDS | {
    "profile_id",
    "state",
    "date_opened",
    "date_due",
    "amount",
    "stage_id",
    "plan_id",
}
# Facts with the yearly amount of a customer, best first.
AMOUNT_FACTS = ("order_total_12m", "invoiced_total")


class CrmLifecycleRiskCase(models.Model):
    """Case of a customer at risk: reason, plan, owner, deadline and outcome.

    A customer has at most one open case. A closed case keeps the facts of the customer
    at that time, so that losses can be analysed after the facts have changed.
    """

    _name = "crm.lifecycle.risk.case"
    _description = "Risk Case"
    _inherit = [
        "crm.lifecycle.reference.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "date_due, id desc"
    _rec_names_search = ["profile_id"]
    _readable_fields = ("profile_id", "plan_id")

    profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile",
        string="Customer",
        required=True,
        index=True,
        ondelete="cascade",
    )
    partner_id = fields.Many2one(
        related="profile_id.partner_id", string="Contact", store=True, index=True
    )
    company_id = fields.Many2one(
        related="profile_id.company_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Owner",
        domain=[("share", "=", False)],
        default=lambda self: self.env.user,
        index="btree_not_null",
        ondelete="set null",
        tracking=True,
    )
    state = fields.Selection(
        selection=[
            ("open", "Open"),
            ("planned", "Plan in place"),
            ("saving", "Saving"),
            ("saved", "Saved"),
            ("lost", "Lost"),
            ("cancelled", "Cancelled"),
        ],
        string="Status",
        required=True,
        default="open",
        group_expand=True,
        tracking=True,
    )
    suspended_state = fields.Selection(
        selection=[
            ("open", "Open"),
            ("planned", "Plan in place"),
            ("saving", "Saving"),
        ],
        string="Status before",
        readonly=True,
        copy=False,
        help="The status before the case was cancelled with its archived customer. It "
        "comes back with the customer.",
    )
    suspended_date = Date(
        string="Cancelled with the Customer on", readonly=True, copy=False
    )
    reason_id = fields.Many2one(
        comodel_name="crm.lifecycle.risk.reason",
        ondelete="restrict",
        index="btree_not_null",
        tracking=True,
    )
    plan_id = fields.Many2one(
        comodel_name="mail.activity.plan",
        domain="[('res_model', '=', 'crm.lifecycle.profile'), "
        "('company_id', 'in', [False, company_id])]",
        ondelete="set null",
    )
    amount = Monetary(
        string="Amount at stake",
        aggregator="sum",
        help="What the customer brings in a year, untaxed: kept if they are saved, "
        "missing if they are lost. Proposed from their facts.",
    )
    date_opened = Date(
        string="Opened on", required=True, default=fields.Date.context_today
    )
    date_due = Date(string="Due", tracking=True)
    date_closed = Date(string="Closed on", readonly=True, copy=False)
    days = Integer(
        string="Days open",
        readonly=True,
        copy=False,
        aggregator="avg",
        help="From opening to closing.",
    )
    stage_id = fields.Many2one(
        comodel_name="crm.lifecycle.stage",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="Where the customer stood when the case was opened.",
    )
    move_id = fields.Many2one(
        comodel_name="crm.lifecycle.history",
        string="Opened by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    move_explanation = fields.Char(
        related="move_id.explanation", string="Why it was opened"
    )
    closing_move_id = fields.Many2one(
        comodel_name="crm.lifecycle.history",
        string="Closed by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    closing_explanation = fields.Char(
        related="closing_move_id.explanation", string="Why it was closed"
    )
    note = fields.Html(string="Notes")
    lesson = fields.Text(help="What we would do differently, for whoever comes next.")
    facts = fields.Json(
        readonly=True,
        copy=False,
        groups="sales_team.group_sale_manager",
        help="What was known of the customer when the case was closed.",
    )
    facts_summary = fields.Html(
        string="Facts at the end",
        compute="_compute_facts_summary",
        groups="sales_team.group_sale_manager",
    )

    _one_open = models.UniqueIndex(
        "(profile_id) WHERE state IN ('open', 'planned', 'saving')",
        "The customer has an open risk case already. Work on that one.",
    )

    @api.depends("profile_id.display_name", "date_opened")
    def _compute_display_name(self):
        for case in self:
            case.display_name = case.profile_id.display_name

    @api.depends("facts")
    @api.depends_context("lang")
    def _compute_facts_summary(self):
        """Format the known facts for display."""
        Profile, History = (
            self.env["crm.lifecycle.profile"],
            self.env["crm.lifecycle.history"],
        )
        for case in self:
            rows = Markup().join(
                Markup("<tr><td class='pe-4 text-muted'>%s</td><td>%s</td></tr>")
                % (
                    Profile._fields[name]._description_string(self.env),
                    History._format_fact(Profile._fields[name], value),
                )
                for name, value in (case.facts or {}).items()
                if name in Profile._fields and not (value is None or value is False)
            )
            case.facts_summary = rows and Markup("<table>%s</table>") % rows

    @api.onchange("profile_id")
    def _onchange_profile_id(self):
        if self.profile_id and not self.amount:
            self.amount = self._get_amount_at_stake(self.profile_id)

    # ------------------------------------------------------------
    # ORM
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_closing_fields(vals)
            if vals.get("state", "open") not in OPEN_STATES:
                raise UserError(
                    self.env._("A new case is open. Save it, then close it.")
                )
        cases = super().create(vals_list)
        for case in cases.filtered(lambda case: not case.stage_id):
            case.stage_id = case.profile_id.stage_id
        return cases

    def write(self, vals):
        """Seal cases on closing, and reject changes of closed ones."""
        self._check_closing_fields(vals)
        closed = self.filtered(lambda case: case.state in CLOSED_STATES)
        if self.env.context.get("lifecycle_merge") and self.env.su:
            closed = self.browse()  # the customer is merged, the case stays the same
        if closed and any(
            closed._changes_locked_field(name, vals[name]) for name in vals
        ):
            raise UserError(
                self.env._(
                    "The case of %(customer)s is closed and stays as it was. Open a "
                    "new case if they are at risk again.",
                    customer=closed[0].display_name,
                )
            )
        result = super().write(vals)
        if vals.get("state") in CLOSED_STATES:
            # `sudo()`: only closing writes the sealed fields, see
            # `_check_closing_fields`.
            for case in (self - closed).sudo():
                super(CrmLifecycleRiskCase, case).write(case._prepare_closing_values())
                # Not done, so they are no contact with the customer.
                case.activity_ids.unlink()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_closed(self):
        for case in self:
            if case.state in CLOSED_STATES:
                raise UserError(
                    self.env._(
                        "The case of %(customer)s is closed: it is kept for reports.",
                        customer=case.display_name,
                    )
                )

    def _check_closing_fields(self, vals):
        if vals.keys() & CLOSING_FIELDS and not self.env.su:
            raise UserError(
                self.env._(
                    "The end of a case and what was known then are written down by "
                    "closing it, not by hand."
                )
            )

    def _changes_locked_field(self, name, value):
        """Return whether a value would change a kept field of a closed case."""
        if name not in LOCKED_FIELDS:
            return False
        field = self._fields[name]
        return any(
            field.convert_to_write(case[name], case) != (value or False)
            for case in self.sudo()  # only compares, see `_check_closing_fields`
        )

    # ------------------------------------------------------------
    # Opening and closing
    # ------------------------------------------------------------

    @api.model
    def _open(self, row):
        """Open the case of a customer who has entered a stage at risk."""
        profile, stage = row.profile_id, row.to_stage_id
        owner = profile._find_responsible(SALESPERSON)
        case = self.with_context(mail_create_nosubscribe=True).create(
            {
                **self._prepare_values(profile, stage, owner.user, row.date),
                "move_id": row.id,
            }
        )
        case._remind_owners()
        return case, owner

    @api.model
    def _get_open(self, profiles):
        """Return the open cases of customers."""
        return self.search(
            [("profile_id", "in", profiles.ids), ("state", "in", OPEN_STATES)]
        )

    @api.model
    def _open_for_signs(self, profiles, day):
        """Open the cases of customers who are at risk by a sign of their health."""
        values = []
        for profile in profiles:
            owner = profile._find_responsible(SALESPERSON).user
            reasons = profile.with_context(lang=owner.lang).health_reasons
            values.append(
                {
                    **self._prepare_values(profile, profile.stage_id, owner, day),
                    "note": plaintext2html(reasons or ""),
                }
            )
        cases = self.with_context(mail_create_nosubscribe=True).create(values)
        cases._remind_owners()
        return cases

    @api.model
    def _prepare_values(self, profile, stage, owner, day):
        """Return the values of a case that is opened on a day, in a stage."""
        return {
            "profile_id": profile.id,
            "user_id": owner.id,
            "reason_id": stage.risk_reason_id.id,
            "plan_id": stage.risk_plan_id.id,
            "amount": min(self._get_amount_at_stake(profile), MAX_AMOUNT),
            "date_opened": day,
            "date_due": min(bounds.shift(day, stage.risk_days), bounds.MAX_INPUT_DATE),
            "stage_id": stage.id,
        }

    def _remind_owners(self):
        """Schedule an activity for the owner of each case."""
        same = self.filtered("user_id").grouped(lambda c: (c.user_id, c.date_due))
        for (owner, date_due), cases in same.items():
            cases.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=date_due,
                user_id=owner.id,
                summary=cases.with_context(lang=owner.lang).env._(
                    "Customer at risk: find out why, and save them"
                ),
            )

    # ------------------------------------------------------------
    # Daily check
    # ------------------------------------------------------------

    @api.model
    def _cron_check(self):
        """Open and close cases by the health of customers, company by company."""
        groups = self.env["crm.lifecycle.profile"]._read_group(
            [("lifecycle_id.state", "=", "active")], ["company_id"]
        )
        companies = [company for [company] in groups]
        for number, company in enumerate(companies, start=1):
            RiskCheck(company).run()
            self.env["ir.cron"]._commit_progress(1, remaining=len(companies) - number)

    @api.model
    def _get_amount_at_stake(self, profile):
        """Extension point: return a customer's yearly amount, 0 if unknown."""
        for name in AMOUNT_FACTS:
            # `sudo()`: a default amount for users who may edit the customer's case.
            if name in profile._fields and profile.sudo()[name]:
                return profile.sudo()[name]
        return 0

    def _close(self, outcome, row):
        """Close the case because of a move, which gives the reason."""
        self.sudo().write({"closing_move_id": row.id})  # only users can't write it
        self.write({"state": outcome})

    def _prepare_closing_values(self):
        """Return the end of the case, and the facts of the customer at that time."""
        self.ensure_one()
        today = self.closing_move_id.date or self.company_id._lifecycle_today()
        return {
            "date_closed": today,
            "days": max((today - self.date_opened).days, 0),
            "facts": self._get_facts(),
        }

    def _get_facts(self):
        """Return the current facts of the customer as JSON-compatible data."""
        self.ensure_one()
        profile = self.profile_id
        names = ("stage_id", "stage_date", *profile._get_fact_fields())
        return {
            name: self._get_json_value(profile._fields[name], profile[name])
            for name in names
        }

    @api.model
    def _get_json_value(self, field, value):
        if field.type == "many2one":
            return value.display_name or None
        if field.type == "date":
            return value and fields.Date.to_string(value)
        if field.type == "datetime":
            return value and fields.Datetime.to_string(value)
        return value

    # ------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------

    def action_start_plan(self):
        """Schedule the activities of the plan for their responsible users."""
        self.ensure_one()
        if not self.plan_id:
            raise UserError(self.env._("Choose a plan first."))
        for line in self.plan_id.template_ids:
            answer = line._determine_responsible(
                self.user_id or self.env.user, self.profile_id
            )
            self.activity_schedule(
                activity_type_id=line.activity_type_id.id,
                summary=line.summary,
                note=line.note,
                user_id=(answer["responsible"] or self.user_id or self.env.user).id,
                date_deadline=line._get_date_deadline(fields.Date.context_today(self)),
            )
        self.state = "planned"

    def action_save_customer(self):
        """Mark the case as being worked on."""
        self.write({"state": "saving"})

    def action_set_saved(self):
        self.write({"state": "saved"})

    def action_set_lost(self):
        self.write({"state": "lost"})

    def action_open_profile(self):
        """Open the profile of the case's customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lifecycle.profile",
            "res_id": self.profile_id.id,
            "view_mode": "form",
        }
