import logging

from odoo import api, models
from odoo.tools import format_date, split_every

_logger = logging.getLogger(__name__)

# Mails to create in one transaction.
MAIL_BATCH = 100


class LoyaltyCard(models.Model):
    """Mails to members about their points.

    All mails of these addons go through `_send_notice`, and so through
    `_filter_may_mail`.
    """

    _inherit = "loyalty.card"

    @api.model
    def _send_notices(self, template, purpose, cards, checkpoint=None):
        """Send mails in batches; yield the cards of each batch, and those mailed.

        :param checkpoint: called with the number of cards after each batch has been
            processed by the caller; returns the seconds left
        """
        for some in split_every(MAIL_BATCH, cards.ids, self.browse):
            yield some, some._send_notice(template, purpose)
            if checkpoint and not checkpoint(len(some)):
                return

    def _send_notice(self, template, purpose):
        """Send a mail about each card, log it there, and return the cards mailed.

        A mail that fails is logged; the others are sent.

        :param template: the template of cards
        :param purpose: what the mail is about, see `_filter_may_mail`
        """
        cards = self._filter_may_mail(purpose) if template else self.browse()
        try:
            return cards._send_template(template)
        except Exception:
            _logger.exception("Mail %s of the cards %s", template.id, cards.ids)
        if len(cards) == 1:
            return self.browse()
        return self.browse().union(
            *(card._send_notice(template, purpose) for card in cards)
        )

    def _send_template(self, template):
        """Send a mail about each card and log it there, or for none if one fails."""
        if not self:
            return self
        with self.env.cr.savepoint():
            template.send_mail_batch(
                self.ids, email_layout_xmlid="mail.mail_notification_light"
            )
            self._message_log_batch(
                {
                    card.id: self.env._(
                        "Mail “%(mail)s” sent to %(address)s.",
                        mail=template.name,
                        address=card._mail_get_customer().email_normalized,
                    )
                    for card in self
                }
            )
        return self

    def _filter_may_mail(self, purpose):
        """Extension point: return the cards with customers that may get a mail.

        :param purpose: ``points_expiring``, ``tier_at_risk`` or ``bonus``
        """
        addresses = {
            card: customer.email_normalized
            for card in self
            if card.active
            and (customer := card._mail_get_customer()).active
            and customer.email_normalized
        }
        # The blacklist applies to all users, who need not have access to it.
        blocked = set(
            self.env["mail.blacklist"]
            .sudo()
            .search([("email", "in", list(set(addresses.values())))])
            .mapped("email")
        )
        return self.browse().union(
            *(card for card, address in addresses.items() if address not in blocked)
        )

    def _get_mailed_bonus(self):
        """Return the name and points of the bonus that a mail is about."""
        self.ensure_one()
        bonus = self.env.context.get("loyalty_bonus") or {}
        # The mail goes to the customer who got the bonus.
        rule = self.env["crm.loyalty.bonus.rule"].sudo().browse(bonus.get("rule_id"))
        rule = rule.with_context(lang=self.partner_id.lang or self.env.lang)
        return {
            "name": rule.name or self.env._("Bonus"),
            "points": self._format_points(bonus.get("points", 0)),
        }

    def _get_mailed_tier(self):
        """Return the texts of a mail about a tier that ends."""
        self.ensure_one()
        # The mail goes to the member.
        card = self.sudo().with_context(lang=self.partner_id.lang or self.env.lang)
        until = card.crm_loyalty_tier_until
        needed = card.crm_loyalty_tier_keep_needed
        return {
            "name": card.crm_loyalty_tier_id.name,
            "until": until and format_date(card.env, until),
            "needed": card.program_id._format_tier_value(needed) if needed > 0 else "",
        }
