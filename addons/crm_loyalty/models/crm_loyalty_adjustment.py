from markupsafe import escape

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import formatLang

from ..engine.ledger import MAX_POINTS, to_units
from .crm_loyalty_entry import DIGITS
from .loyalty_card_limit import LIMIT_DAYS

# Fields that users enter. Code writes all others.
REQUEST_FIELDS = {"card_id", "kind", "points", "reason"}


class CrmLoyaltyAdjustment(models.Model):
    """Points that a user gives or takes by hand, with the reason.

    Only the author may edit, delete or submit a draft. Above the approval limit of the
    program or company, a second person approves it, who is neither the author nor the
    last editor nor the requester.
    """

    _name = "crm.loyalty.adjustment"
    _description = "Points Adjustment"
    _inherit = ["mail.thread", "mail.activity.mixin", "crm.loyalty.bounded.mixin"]
    _order = "id desc"
    _rec_name = "reason"
    _check_company_auto = True

    card_id = fields.Many2one(
        comodel_name="loyalty.card", required=True, index=True, ondelete="restrict"
    )
    program_id = fields.Many2one(related="card_id.program_id")
    partner_id = fields.Many2one(related="card_id.partner_id", string="Customer")
    company_id = fields.Many2one(related="card_id.company_id", store=True)
    kind = fields.Selection(
        selection=[("adjust", "Correction"), ("bonus", "Bonus")],
        required=True,
        default="adjust",
    )
    points = fields.Float(
        digits=DIGITS, required=True, help="Below zero to take points off."
    )
    reason = fields.Char(required=True)
    state = fields.Selection(
        selection=[
            ("draft", "New"),
            ("waiting", "To approve"),
            ("done", "Posted"),
            ("refused", "Refused"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Author",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env.user,
    )
    editor_id = fields.Many2one(
        comodel_name="res.users", string="Last Edited by", readonly=True, copy=False
    )
    asker_id = fields.Many2one(
        comodel_name="res.users", string="Asked by", readonly=True, copy=False
    )
    approver_id = fields.Many2one(
        comodel_name="res.users", string="Decided by", readonly=True, copy=False
    )
    entry_id = fields.Many2one(
        comodel_name="crm.loyalty.entry", readonly=True, copy=False
    )
    bonus_rule_id = fields.Many2one(
        comodel_name="crm.loyalty.bonus.rule",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
    )
    bonus_occasion = fields.Char(
        readonly=True,
        copy=False,
        help="The period in which the customer gets the bonus once.",
    )
    is_author = fields.Boolean(compute="_compute_is_author")
    can_approve = fields.Boolean(compute="_compute_can_approve")

    _points_bounds = models.Constraint(
        f"CHECK (points BETWEEN -{MAX_POINTS} AND {MAX_POINTS})",
        "At most 1,000,000,000 points are adjusted at once.",
    )

    @api.depends("user_id")
    @api.depends_context("uid")
    def _compute_is_author(self):
        for adjustment in self:
            adjustment.is_author = adjustment.user_id == self.env.user

    @api.depends("state", "user_id", "editor_id", "asker_id")
    @api.depends_context("uid")
    def _compute_can_approve(self):
        approver = self.env.user.has_group("crm_loyalty.group_points_approver")
        for adjustment in self:
            adjustment.can_approve = (
                approver
                and adjustment.state == "waiting"
                and self.env.user not in adjustment._get_requesters()
            )

    def _get_requesters(self):
        """Return the users who took part in the request, and so may not approve it."""
        self.ensure_one()
        return self.user_id | self.editor_id | self.asker_id

    @api.constrains("points", "reason")
    def _check_points(self):
        for adjustment in self:
            if not adjustment.points:
                raise ValidationError(self.env._("Adjust by how many points?"))
            if not (adjustment.reason or "").strip():
                raise ValidationError(self.env._("Say why the points are adjusted."))

    @api.model_create_multi
    def create(self, vals_list):
        """Create drafts of the current user, whatever the values say."""
        if not self.env.su:
            own = {"state": "draft", "user_id": self.env.uid}
            own |= dict.fromkeys(
                (
                    "asker_id",
                    "approver_id",
                    "entry_id",
                    "bonus_rule_id",
                    "bonus_occasion",
                ),
                False,
            )
            vals_list = [
                {n: v for n, v in vals.items() if n != "company_id"} | own
                for vals in vals_list
            ]
        return super().create(
            [{**vals, "editor_id": self.env.uid} for vals in vals_list]
        )

    def write(self, vals):
        """Allow only authors to edit drafts, and no one to edit requests."""
        if not self.env.su:
            self._check_may_write(vals)
        if REQUEST_FIELDS & vals.keys():
            vals = {**vals, "editor_id": self.env.uid}
        return super().write(vals)

    def _check_may_write(self, vals):
        """Refuse changes by users other than the author, and of requests.

        All readers may write the fields of mail, such as followers and activities.
        """
        # An import also writes the id.
        names = {n for n in vals if not n.startswith(("message_", "activity_"))}
        names.discard("id")
        if names and any(adjustment.state != "draft" for adjustment in self):
            raise UserError(
                self.env._(
                    "This adjustment can't be changed any more. Ask for a new one."
                )
            )
        if names - REQUEST_FIELDS:
            field = self._fields.get(min(names - REQUEST_FIELDS))
            raise UserError(
                self.env._(
                    "“%(field)s” of an adjustment can't be written by hand.",
                    field=field._description_string(self.env) if field else min(names),
                )
            )
        if names:
            self._check_author()

    def _check_author(self):
        """Raise AccessError for users other than the author."""
        for adjustment in self:
            if adjustment.user_id != self.env.user:
                raise AccessError(
                    self.env._(
                        "“%(reason)s” is a draft of %(author)s, who alone may change "
                        "it, delete it and ask for it. Make an adjustment of your own.",
                        reason=adjustment.reason,
                        # The user may not be allowed to read other users.
                        author=adjustment.sudo().user_id.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        if any(adjustment.state != "draft" for adjustment in self):
            raise UserError(
                self.env._("Adjustments that were asked for are kept for the records.")
            )
        if not self.env.su:
            self._check_author()

    def action_ask(self):
        """Post adjustments within the limit, and request approval of the others."""
        self.check_access("write")
        drafts = self.filtered(lambda a: a.state == "draft")
        drafts._check_author()
        for adjustment in drafts:
            card = adjustment.card_id
            over = card._get_over_limit({card: to_units(adjustment.points)})
            # Users can't write the requester and the state.
            adjustment.sudo().asker_id = self.env.user
            if card in over:
                adjustment.sudo().state = "waiting"
                adjustment._notify_approvers(over[card])
            else:
                adjustment._post(self.env.user)
        return True

    def action_approve(self):
        """Approve and post adjustments of other users."""
        self._check_may_decide()
        for adjustment in self:
            adjustment._post(self.env.user)
        return True

    def action_refuse(self):
        self._check_may_decide()
        # Users can't write the state.
        self.sudo().write({"state": "refused", "approver_id": self.env.uid})
        self.sudo().activity_unlink(["mail.mail_activity_data_todo"])
        return True

    def _check_may_decide(self):
        self.check_access("write")
        if not self.env.user.has_group("crm_loyalty.group_points_approver"):
            raise AccessError(self.env._("You may not approve adjustments of points."))
        # Lock, so that two concurrent approvals post once.
        self.lock_for_update(allow_referencing=True)
        for adjustment in self:
            if adjustment.state != "waiting":
                raise UserError(
                    self.env._(
                        "“%(reason)s” was decided already.", reason=adjustment.reason
                    )
                )
            if self.env.user in adjustment._get_requesters():
                raise UserError(
                    self.env._(
                        "You have asked for “%(reason)s” yourself, or edited it. A "
                        "second person has to approve it.",
                        reason=adjustment.reason,
                    )
                )

    def _post(self, approver):
        self.ensure_one()
        card = self.card_id
        entry = card._post_many([self._prepare_posting_values()])
        # Users can't write Odoo's own history, which customers read.
        self.env["loyalty.history"].sudo().create(
            {
                "card_id": card.id,
                "description": self._get_customer_text(),
                "issued": max(self.points, 0),
                "used": max(-self.points, 0),
            }
        )
        # Users can't write the state.
        self.sudo().write(
            {"state": "done", "approver_id": approver.id, "entry_id": entry.id}
        )
        self.sudo().activity_unlink(["mail.mail_activity_data_todo"])

    def _prepare_posting_values(self):
        """Prepare the values to post; those of a bonus come from its rule."""
        self.ensure_one()
        values = {
            "card": self.card_id,
            "points": self.points,
            "kind": self.kind,
            "key": f"adjustment:{self.id}",
            "source": self,
            "reason": self.reason,
            # The points count for the author, not for the approver.
            "manual_user": self.user_id,
        }
        # An approver need not have access to bonus rules.
        rule = self.sudo().bonus_rule_id
        if rule:
            rule._check_bonus_not_posted(self.card_id, self.bonus_occasion)
            bonus = rule._prepare_bonus_values(
                self.card_id, self.bonus_occasion, self.reason
            )
            values |= {name: bonus[name] for name in ("key", "source", "reason")}
        return values

    def _get_customer_text(self):
        """Return the text for the customer, without the reason of a correction."""
        self.ensure_one()
        if self.kind == "bonus":
            return self.reason
        lang = self.card_id.partner_id.lang or self.env.lang
        return self.with_context(lang=lang).env._("Adjusted")

    @api.model
    def _request_bonus(self, rule, card, occasion, reason):
        """Request approval of a bonus by hand, and return the adjustment."""
        waiting = [
            ("card_id", "=", card.id),
            ("bonus_rule_id", "=", rule.id),
            ("bonus_occasion", "=", occasion),
            ("state", "=", "waiting"),
        ]
        # Only counts the requests of this period.
        if self.sudo().search_count(waiting, limit=1):
            raise UserError(
                self.env._(
                    "“%(rule)s” for %(customer)s waits for approval already.",
                    rule=rule.name,
                    customer=card.partner_id.display_name or card.code,
                )
            )
        adjustment = self.create(
            {
                "card_id": card.id,
                "kind": "bonus",
                "points": rule.points,
                "reason": reason,
            }
        )
        # Users can't write the rule.
        adjustment.sudo().write({"bonus_rule_id": rule.id, "bonus_occasion": occasion})
        adjustment.action_ask()
        return adjustment

    def _notify_approvers(self, limit):
        self.ensure_one()
        approvers = self.env.ref("crm_loyalty.group_points_approver").all_user_ids
        # The author need not have access to the approvers.
        for user in approvers.sudo():
            company = self.company_id
            if (
                user in self._get_requesters()
                or user._is_superuser()
                or user.share
                or not user.active
                or (company and company not in user.company_ids)
            ):
                continue
            # The right to ask includes the activities. Each is in its user's language.
            asked = self.sudo().with_context(lang=user.lang)
            asked.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=asked.env._(
                    "Approve %(points)s points",
                    points=formatLang(asked.env, asked.points),
                ),
                # Escape the reason, because notes are HTML.
                note=escape(
                    asked.env._(
                        "More than %(limit)s points by hand in %(days)s days: "
                        "%(reason)s",
                        limit=formatLang(asked.env, limit),
                        days=LIMIT_DAYS,
                        reason=asked.reason,
                    )
                ),
                user_id=user.id,
            )

    def _get_form_action(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Points Adjustment"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }
