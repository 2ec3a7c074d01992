from uuid import uuid4

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..engine.ledger import to_units


class CrmLoyaltyBonusGrant(models.TransientModel):
    """Wizard to give a member a bonus by hand, with the reason."""

    _name = "crm.loyalty.bonus.grant"
    _inherit = ["crm.loyalty.card.wizard"]
    _description = "Give a Bonus"

    card_id = fields.Many2one(
        comodel_name="loyalty.card", required=True, ondelete="cascade"
    )
    program_id = fields.Many2one(related="card_id.program_id", related_sudo=False)
    rule_id = fields.Many2one(
        comodel_name="crm.loyalty.bonus.rule",
        string="Bonus",
        required=True,
        ondelete="cascade",
        domain="[('program_id', '=', program_id), ('trigger', '=', 'manual')]",
    )
    points = fields.Float(related="rule_id.points", related_sudo=False)
    reason = fields.Char(required=True)

    @api.model
    def _get_occasion(self, rule, day):
        """Return the text that identifies the occasion of a bonus."""
        if rule.manual_period == "month":
            return f"{day:%Y-%m}"
        if rule.manual_period == "year":
            return f"{day:%Y}"
        if rule.manual_period == "once":
            return "once"
        return uuid4().hex

    def action_grant(self):
        """Post the bonus, once in its period; above the limit, request approval."""
        self.ensure_one()
        if not self.env.user.has_group("crm_loyalty.group_points_adjuster"):
            raise AccessError(
                self.env._("You may not give points by hand. Ask whoever adjusts them.")
            )
        rule, card = self.rule_id, self.card_id
        card.check_access("read")
        if rule.trigger != "manual" or rule.program_id != card.program_id:
            raise UserError(
                self.env._(
                    "“%(rule)s” is no bonus that is given by hand on this card.",
                    rule=rule.name,
                )
            )
        # Search all customers, not only those that the user may read.
        members = self.env["res.partner"].sudo()
        mine = Domain("id", "=", card.partner_id.id)
        if not members.search_count(rule._get_partner_domain() & mine, limit=1):
            raise UserError(
                self.env._(
                    "“%(rule)s” is not for %(customer)s.",
                    rule=rule.name,
                    customer=card.partner_id.display_name or card.code,
                )
            )
        occasion = self._get_occasion(rule, card.program_id._get_loyalty_today())
        rule._check_bonus_not_posted(card, occasion)
        if card._get_over_limit({card: to_units(rule.points)}):
            adjustment = self.env["crm.loyalty.adjustment"]._request_bonus(
                rule, card, occasion, self.reason
            )
            return adjustment._get_form_action()
        card._post_many(
            [
                {
                    **rule._prepare_bonus_values(card, occasion, self.reason),
                    "manual_user": self.env.user,
                }
            ]
        )
        return {"type": "ir.actions.act_window_close"}
