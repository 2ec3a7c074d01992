from collections import defaultdict
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ..engine.ledger import to_points, to_units


class CrmLoyaltyEntry(models.Model):
    """Reinstatement of expired points within a window.

    The window of each lot begins on the day after its last day, even if the job that
    expires points ran later. So an entry of the job may be given back in part.
    """

    _inherit = "crm.loyalty.entry"

    points_to_reinstate = fields.Float(
        string="Points to Reinstate",
        digits=(16, 4),
        compute="_compute_points_to_reinstate",
        help="The expired points that can still be given back.",
    )

    def _compute_points_to_reinstate(self):
        given_back = self._get_reinstated_keys()
        for entry in self:
            entry.points_to_reinstate = to_points(
                sum(
                    units
                    for lot, units in entry._get_lots_in_window()
                    if entry._get_reinstatement_key(lot) not in given_back[entry.id]
                )
            )

    def _reinstate(self, expiration_date, reason):
        """Reinstate the lots of these expiries that are within the window, once each.

        The points are new awards, which may be spent at once and until
        ``expiration_date``. Return their entries.
        """
        if not self.env.user.has_group("crm_loyalty.group_points_manager"):
            raise AccessError(
                self.env._("Only who configures points can give back expired ones.")
            )
        lots = {entry: entry._check_reinstate() for entry in self}
        given_back = self._get_reinstated_keys()
        for card, entries in self.grouped("card_id").items():
            units = sum(
                units
                for entry in entries
                for lot, units in lots[entry]
                if entry._get_reinstatement_key(lot) not in given_back[entry.id]
            )
            card._check_within_limit({card: units})
        return self.env["loyalty.card"]._post_many(
            [
                {
                    "card": entry.card_id,
                    "kind": "reverse",
                    "points": to_points(units),
                    "key": entry._get_reinstatement_key(lot),
                    "source": entry,
                    "reason": reason,
                    "manual_user": self.env.user,
                    "expiration_date": expiration_date or False,
                }
                for entry in self
                for lot, units in lots[entry]
                if f"reinstate:{entry.id}" not in given_back[entry.id]
            ]
        )

    def _check_reinstate(self):
        """Return the lots within the window, or raise UserError if there are none."""
        self.ensure_one()
        program = self.program_id
        if self.kind != "expire":
            raise UserError(
                self.env._(
                    "“%(entry)s” did not expire points.", entry=self.display_name
                )
            )
        lots = self._get_lots_in_window()
        if not lots:
            raise UserError(
                self.env._(
                    "The points of “%(card)s” that expired on %(date)s can't be given "
                    "back any more: the window of %(days)s days is over.",
                    card=self.card_id.display_name,
                    date=max(map(self._get_expired_on, self.consumed_ids.award_id)),
                    days=program.crm_loyalty_reinstate_days,
                )
            )
        return lots

    def _get_lots_in_window(self):
        """Return ``[(lot, units)]`` that the entry expired within the window."""
        self.ensure_one()
        if self.kind != "expire":
            return []
        program = self.program_id
        first = program._get_loyalty_today() - timedelta(
            days=program.crm_loyalty_reinstate_days
        )
        return [
            (flow.award_id, to_units(flow.points))
            for flow in self.consumed_ids
            if self._get_expired_on(flow.award_id) >= first
        ]

    def _get_expired_on(self, lot):
        """Return the first day on which a lot could not be spent any more."""
        ended = lot.expiration_date
        return min(ended + timedelta(days=1), self.date) if ended else self.date

    def _get_reinstatement_key(self, lot):
        return f"reinstate:{self.id}:{lot.id}"

    def _get_reinstated_keys(self):
        """Return ``{entry id: keys}`` of what was given back of these expiries.

        Former versions gave back all lots of an expiry under one key.
        """
        keys = defaultdict(set)
        for entry in self.search(
            [("source_model", "=", self._name), ("source_id", "in", self.ids)]
        ):
            expiry = self.browse(entry.source_id)
            keys[expiry.id].add(entry.key)
            if entry.key == f"reinstate:{expiry.id}":
                keys[expiry.id] |= {
                    expiry._get_reinstatement_key(lot)
                    for lot in expiry.consumed_ids.award_id
                }
        return keys


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def _get_reinstatable(self):
        """Return the expiries of the card that can still be reinstated.

        Those of cards that were merged into it are among them.
        """
        Entry = self.env["crm.loyalty.entry"]
        if not self:
            return Entry
        day = self.program_id._get_loyalty_today()
        merged = self.with_context(active_test=False).search(
            [("crm_loyalty_merged_into_id", "=", self.id)]
        )
        return Entry.search(
            [
                ("card_id", "in", (self | merged).ids),
                ("kind", "=", "expire"),
                # The job posts no expiry before the end of the lots.
                (
                    "date",
                    ">=",
                    day - timedelta(days=self.program_id.crm_loyalty_reinstate_days),
                ),
            ]
        ).filtered("points_to_reinstate")

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
