from datetime import timedelta

from odoo import models
from odoo.exceptions import AccessError, UserError

from ..engine.ledger import to_units


class CrmLoyaltyEntry(models.Model):
    """Reinstatement of expired points within a window."""

    _inherit = "crm.loyalty.entry"

    def _reinstate(self, expiration_date, reason):
        """Reinstate the points of these expiries, once each; return the new entries.

        The points are a new award, which may be spent at once and until
        ``expiration_date``.
        """
        if not self.env.user.has_group("crm_loyalty.group_points_manager"):
            raise AccessError(
                self.env._("Only who configures points can give back expired ones.")
            )
        for entry in self:
            entry._check_reinstate()
        for card, entries in self.grouped("card_id").items():
            card._check_within_limit(
                {card: -sum(map(to_units, entries.mapped("points")))}
            )
        return self.env["loyalty.card"]._post_many(
            [
                {
                    "card": entry.card_id,
                    "kind": "reverse",
                    "points": -entry.points,
                    "key": f"reinstate:{entry.id}",
                    "source": entry,
                    "reason": reason,
                    "manual_user": self.env.user,
                    "expiration_date": expiration_date or False,
                }
                for entry in self
            ]
        )

    def _check_reinstate(self):
        self.ensure_one()
        program = self.program_id
        if self.kind != "expire":
            raise UserError(
                self.env._(
                    "“%(entry)s” did not expire points.", entry=self.display_name
                )
            )
        last = self.date + timedelta(days=program.crm_loyalty_reinstate_days)
        if program._get_loyalty_today() > last:
            raise UserError(
                self.env._(
                    "The points of “%(card)s” that expired on %(date)s can't be given "
                    "back any more: the window of %(days)s days is over.",
                    card=self.card_id.display_name,
                    date=self.date,
                    days=program.crm_loyalty_reinstate_days,
                )
            )


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def _get_reinstatable(self):
        """Return the expiries of the card that can still be reinstated."""
        Entry = self.env["crm.loyalty.entry"]
        if not self:
            return Entry
        day = self.program_id._get_loyalty_today()
        expiries = Entry.search(
            [
                ("card_id", "=", self.id),
                ("kind", "=", "expire"),
                (
                    "date",
                    ">=",
                    day - timedelta(days=self.program_id.crm_loyalty_reinstate_days),
                ),
            ]
        )
        given_back = Entry.search(
            [
                ("card_id", "=", self.id),
                ("source_model", "=", Entry._name),
                ("source_id", "in", expiries.ids),
            ]
        )
        return expiries - Entry.browse(given_back.mapped("source_id"))

    def action_reinstate(self):
        """Open the wizard that reinstates expired points."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reinstate Expired Points"),
            "res_model": "crm.loyalty.reinstatement",
            "view_mode": "form",
            "target": "new",
            "context": {"default_card_id": self.id},
        }
