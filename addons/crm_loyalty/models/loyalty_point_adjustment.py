from markupsafe import escape

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import formatLang

from .loyalty_point_entry import DIGITS


class LoyaltyPointAdjustment(models.Model):
    """Points that somebody gives or takes by hand, and why.

    Above the limit of the programme or company it waits for somebody else.
    """

    _name = "loyalty.point.adjustment"
    _description = "Points Adjustment"
    _inherit = ["mail.thread", "mail.activity.mixin"]
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
        string="Asked by",
        required=True,
        readonly=True,
        default=lambda self: self.env.user,
    )
    approver_id = fields.Many2one(
        comodel_name="res.users", string="Decided by", readonly=True, copy=False
    )
    entry_id = fields.Many2one(
        comodel_name="loyalty.point.entry", readonly=True, copy=False
    )
    can_approve = fields.Boolean(compute="_compute_can_approve")

    @api.depends("state", "user_id")
    @api.depends_context("uid")
    def _compute_can_approve(self):
        approver = self.env.user.has_group("crm_loyalty.group_points_approver")
        for adjustment in self:
            adjustment.can_approve = (
                approver
                and adjustment.state == "waiting"
                and adjustment.user_id != self.env.user
            )

    @api.constrains("points", "reason")
    def _check_points(self):
        for adjustment in self:
            if not adjustment.points:
                raise ValidationError(self.env._("Adjust by how many points?"))
            if not (adjustment.reason or "").strip():
                raise ValidationError(self.env._("Say why the points are adjusted."))

    @api.model_create_multi
    def create(self, vals_list):
        """Have everybody ask in their own name, from the beginning."""
        if not self.env.su:
            own = {"state": "draft", "user_id": self.env.uid}
            own |= {"approver_id": False, "entry_id": False}
            vals_list = [{**vals, **own} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        """Keep what was asked for as it was once somebody has to decide on it."""
        asked = {"card_id", "kind", "points", "reason"}
        decided = {"state", "user_id", "approver_id", "entry_id"}
        if not self.env.su and (
            decided & vals.keys()
            or asked & vals.keys()
            and any(adjustment.state != "draft" for adjustment in self)
        ):
            raise UserError(
                self.env._(
                    "This adjustment can't be changed any more. Ask for a new one."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        if any(adjustment.state != "draft" for adjustment in self):
            raise UserError(
                self.env._("Adjustments that were asked for are kept for the records.")
            )

    def action_ask(self):
        """Post what is within the limit; have the rest wait for somebody else."""
        self.check_access("write")
        for adjustment in self.filtered(lambda a: a.state == "draft"):
            limit = adjustment.program_id._get_adjust_limit()
            if limit and abs(adjustment.points) > limit:
                # The state is written here alone.
                adjustment.sudo().state = "waiting"
                adjustment._ask_approvers(limit)
            else:
                adjustment._post(self.env.user)
        return True

    def action_approve(self):
        """Post what somebody else has asked for."""
        self._check_may_decide()
        for adjustment in self:
            adjustment._post(self.env.user)
        return True

    def action_refuse(self):
        self._check_may_decide()
        # The state is written here alone.
        self.sudo().write({"state": "refused", "approver_id": self.env.uid})
        self.sudo().activity_unlink(["mail.mail_activity_data_todo"])
        return True

    def _check_may_decide(self):
        self.check_access("write")
        if not self.env.user.has_group("crm_loyalty.group_points_approver"):
            raise AccessError(self.env._("You may not approve adjustments of points."))
        # One after the other: two approvers at once post once.
        self.lock_for_update(allow_referencing=True)
        for adjustment in self:
            if adjustment.state != "waiting":
                raise UserError(
                    self.env._(
                        "“%(reason)s” was decided already.", reason=adjustment.reason
                    )
                )
            if adjustment.user_id == self.env.user:
                raise UserError(
                    self.env._(
                        "You have asked for “%(reason)s” yourself. Somebody else has "
                        "to approve it.",
                        reason=adjustment.reason,
                    )
                )

    def _post(self, approver):
        self.ensure_one()
        entry = self.card_id._post_points(
            self.points,
            self.kind,
            key=f"adjustment:{self.id}",
            source=self,
            reason=self.reason,
        )
        # Odoo's own list, which customers see; people may not write it themselves.
        self.env["loyalty.history"].sudo().create(
            {
                "card_id": self.card_id.id,
                "description": self.reason,
                "issued": max(self.points, 0),
                "used": max(-self.points, 0),
            }
        )
        # The state is written here alone.
        self.sudo().write(
            {"state": "done", "approver_id": approver.id, "entry_id": entry.id}
        )
        self.sudo().activity_unlink(["mail.mail_activity_data_todo"])

    def _ask_approvers(self, limit):
        self.ensure_one()
        approvers = self.env.ref("crm_loyalty.group_points_approver").all_user_ids
        # Whoever asks need not see who may approve.
        for user in approvers.sudo():
            company = self.company_id
            if (
                user == self.user_id
                or user._is_superuser()
                or user.share
                or not user.active
                or (company and company not in user.company_ids)
            ):
                continue
            # Asking others is part of asking. Each reads it in their own language.
            asked = self.sudo().with_context(lang=user.lang)
            asked.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=asked.env._(
                    "Approve %(points)s points",
                    points=formatLang(asked.env, asked.points),
                ),
                # Notes are HTML, a reason is what somebody has typed.
                note=escape(
                    asked.env._(
                        "More than %(limit)s points: %(reason)s",
                        limit=formatLang(asked.env, limit),
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
