from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine.ledger import MAX_BALANCE, to_units


class LoyaltyCardUpdateBalance(models.TransientModel):
    """Odoo's wizard, changed to post an adjustment with a reason."""

    _name = "loyalty.card.update.balance"
    _inherit = [
        "loyalty.card.update.balance",
        "crm.loyalty.card.wizard",
        "crm.loyalty.bounded.mixin",
    ]

    crm_loyalty_seen_balance = fields.Float(
        string="Seen Balance",
        compute="_compute_crm_loyalty_seen_balance",
        store=True,
        compute_sudo=False,
        precompute=True,
        readonly=False,
    )
    crm_loyalty_is_approval_needed = fields.Boolean(
        string="Is Approval Needed", compute="_compute_crm_loyalty_is_approval_needed"
    )

    @api.model
    def _get_bounds(self):
        balance = (-MAX_BALANCE, MAX_BALANCE)
        return {
            **super()._get_bounds(),
            "new_balance": balance,
            "crm_loyalty_seen_balance": balance,
        }

    @api.depends("card_id")
    def _compute_crm_loyalty_seen_balance(self):
        for wizard in self:
            wizard.crm_loyalty_seen_balance = wizard.card_id.points

    @api.depends("card_id", "new_balance")
    def _compute_crm_loyalty_is_approval_needed(self):
        for wizard in self:
            wizard.crm_loyalty_is_approval_needed = False
            if wizard.card_id:
                card = wizard.card_id
                change = to_units(wizard.new_balance) - to_units(card.points)
                # Posting locks the card; the preview doesn't need to.
                over = card._get_over_limit({card: change}, lock=False)
                wizard.crm_loyalty_is_approval_needed = bool(over)

    def action_update_card_point(self):
        """Post the difference, instead of writing the new balance like Odoo.

        The user entered the new balance from the one on the screen. If that changed
        meanwhile, writing it would undo other postings.
        """
        self.ensure_one()
        card = self.card_id
        if self.new_balance < 0 or self.new_balance == self.crm_loyalty_seen_balance:
            raise ValidationError(
                self.env._(
                    "The new balance has to differ from the old one, and can't be "
                    "below zero."
                )
            )
        if self.crm_loyalty_seen_balance != card.points:
            raise UserError(
                self.env._(
                    "The balance of “%(card)s” has changed meanwhile: it is %(points)s "
                    "now. Open it again.",
                    card=card.display_name,
                    points=f"{card.points:g}",
                )
            )
        card._check_may_adjust({})
        adjustment = self.env["crm.loyalty.adjustment"].create(
            {
                "card_id": card.id,
                "points": self.new_balance - card.points,
                "reason": self.description,
            }
        )
        adjustment.action_ask()
        if adjustment.state == "waiting":
            return adjustment._get_form_action()
        return True
