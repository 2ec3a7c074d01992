import threading
from contextlib import contextmanager

from odoo import api, models
from odoo.exceptions import UserError

from ..engine.ledger import (
    MAX_BALANCE,
    MAX_POINTS,
    InsufficientPoints,
    to_points,
    to_units,
)
from ..posting import Posting

# Stack of the collectors of this thread, innermost last.
_collectors = threading.local()


class PointsCollector:
    """Changes of points in a block of code, to be posted as one set.

    Unlike a context key, a client can't send it.
    """

    def __init__(self, transaction, posting=None):
        self.transaction = transaction
        # Preloaded cards, valid until other code posts.
        self.posting = posting
        self.changes = {}

    def add(self, changes):
        for card, units in changes.items():
            self.changes[card.id] = self.changes.get(card.id, 0) + units


class LoyaltyCard(models.Model):
    """The only code that writes the ledger."""

    _inherit = "loyalty.card"

    def _post_points(
        self,
        points,
        kind,
        *,
        key=None,
        source=None,
        date=None,
        available_date=None,
        expiration_date=None,
        reason=None,
        manual_user=None,
    ):
        """Post the same points on each card, and return the entries.

        See `_post_many` to post different points on many cards.

        :param points: the points, negative to take them
        :param key: posted once per card; if it exists, its entry is returned
        :param source: the document
        :param date: the day, by default today in the company
        :param available_date: the first day on which an award may be spent, by default
            as the program says; False if it is not known yet
        :param expiration_date: the last day on which an award may be spent, by default
            as the program says; False if it never expires
        :param manual_user: the user who gives or takes the points by hand
        :raises UserError: if a card does not have enough points
        """
        return self._post_many(
            [
                {
                    "card": card,
                    "points": points,
                    "kind": kind,
                    "key": key,
                    "source": source,
                    "date": date,
                    "available_date": available_date,
                    "expiration_date": expiration_date,
                    "reason": reason,
                    "manual_user": manual_user,
                }
                for card in self
            ]
        )

    @api.model
    def _post_many(self, values_list, *, quiet=False):
        """Post many entries on many cards as one set, and return the entries.

        Values are the parameters of `_post_points` with ``card``, and optionally:

        - ``origin``: the entry to reverse. Points of an award are taken from its own
          lot first; points that were spent go back to their lots.
        - ``lots``: the lots to expire; the rest of them is posted.
        - ``prefer``: ids of lots to take points from before others.
        - ``unwaived``: points of the origin that are no longer waived.
        - ``earning``: what the entry keeps of how it was earned, see the field.
        - ``shortage``: what to do if the card has fewer points than are taken back
          (debt, floor, block), by default as the program says.

        Cards are locked in the order of their ids, so postings on one card run one
        after the other. One query reads everything, one writes it. ``quiet`` writes
        the points without mails and tracking, for big jobs.
        """
        posting = self._run_posting(values_list, quiet)
        if not quiet:
            self._set_points(posting.changes)
        entries = self._finish_posting(posting)
        self._forward_points(posting.changes)
        return entries

    @api.model
    def _run_posting(self, values_list, quiet=False, preloaded=None):
        """Write the entries of postings, but not the points of cards.

        ``preloaded`` is a posting with preloaded cards.
        """
        self._check_postings(values_list)
        values_list = self._follow_merges(values_list)
        values_list = [v for v in values_list if self._changes_ledger(v)]
        posting = preloaded
        if not (preloaded and preloaded.covers(values_list)):
            # Only code of the server posts, after it has checked access.
            posting = Posting(self.sudo().env)
        if not values_list:
            return posting
        self._clear_preloaded()
        if posting is not preloaded:
            posting.load(
                {values["card"].id for values in values_list},
                {values["key"] for values in values_list if values.get("key")},
                len(values_list),
            )
        try:
            posting.post(values_list)
        except InsufficientPoints as error:
            raise UserError(self._get_shortage_text(error)) from error
        self._check_balances(posting)
        if quiet:
            # SQL writes the points, so flush pending writes first.
            self.env["loyalty.card"].flush_model(["points"])
        posting.save(quiet)
        return posting

    @api.model
    def _changes_ledger(self, values):
        return (
            to_units(values.get("points"))
            or values.get("lots")
            or to_units(values.get("unwaived"))
            or values.get("earning")
        )

    @api.model
    def _check_postings(self, values_list):
        """Raise UserError for points out of bounds, including NaN and infinity."""
        for values in values_list:
            points = float(values.get("points") or 0)
            # These kinds may post all points of a card.
            whole = values["kind"] in ("expire", "transfer", "opening")
            most = MAX_BALANCE if whole else MAX_POINTS
            if not abs(points) <= most:
                raise UserError(
                    self.env._(
                        "%(points)s points can't be posted on “%(card)s”: at most "
                        "%(most)s at once.",
                        points=f"{points:g}",
                        # The caller posts on the card, so it may see its name.
                        card=values["card"].sudo().display_name,
                        most=f"{most:,}",
                    )
                )

    @api.model
    def _check_balances(self, posting):
        """Raise UserError if a balance exceeds what a card can hold."""
        for card_id in posting.changes:
            balance = posting.accounts[card_id].balance
            if abs(balance) > to_units(MAX_BALANCE):
                raise UserError(
                    self.env._(
                        "“%(card)s” would have %(points)s points: a card has at most "
                        "%(most)s.",
                        # The caller posts on the card, so it may see its name.
                        card=self.sudo().browse(card_id).display_name,
                        points=f"{to_points(balance):g}",
                        most=f"{MAX_BALANCE:,}",
                    )
                )

    @api.model
    def _finish_posting(self, posting):
        """Invalidate the cache of changed fields, and evaluate tiers."""
        Entry = self.env["crm.loyalty.entry"]
        entries = Entry.browse(posting.entry_ids)
        if not posting.entries:
            return entries
        Entry.invalidate_model(
            ["remaining", "expiration_date", "consumed_ids", "consumer_ids", "state"],
            flush=False,
        )
        cards = self.browse(posting.changes)
        if posting.quiet:
            cards.invalidate_recordset(["points"], flush=False)
        cards.invalidate_recordset(self._get_ledger_fields(), flush=False)
        self._after_posting(Entry.browse([row["id"] for row in posting.entries]))
        self._evaluate_posted(posting)
        return entries

    @api.model
    def _get_ledger_fields(self):
        """Extension point: fields of cards that postings change without the ORM."""
        return [
            "crm_loyalty_entry_ids",
            "crm_loyalty_lot_ids",
            "crm_loyalty_points_available",
            "crm_loyalty_points_pending",
            "crm_loyalty_points_locked",
            "crm_loyalty_points_debt",
            "crm_loyalty_points_expiring",
            "crm_loyalty_points_expiring_date",
        ]

    def _after_posting(self, entries):
        """Extension point: called when entries were added and cards have their points.

        Code that writes the points itself does so right after this call.
        """

    @api.model
    def _get_shortage_text(self, error):
        if error.kind == "reverse":
            return self.env._(
                "%(points)s points on “%(card)s” have to be taken back and "
                "%(available)s are left: the customer has spent the others. The "
                "programme does not let the balance go below zero.",
                points=f"{to_points(error.units):g}",
                available=f"{to_points(error.available):g}",
                card=error.card.display_name,
            )
        if error.available > 0:
            return self.env._(
                "%(points)s points are needed on “%(card)s” and %(available)s can be "
                "taken: the balance was spent meanwhile, or points are still pending. "
                "Take the reward off, or choose a smaller one.",
                points=f"{to_points(error.units):g}",
                available=f"{to_points(error.available):g}",
                card=error.card.display_name,
            )
        return self.env._(
            "%(points)s points are needed on “%(card)s” and none can be taken: the "
            "balance was spent meanwhile, or points are still pending. Take the "
            "reward off.",
            points=f"{to_points(error.units):g}",
            card=error.card.display_name,
        )

    # ------------------------------------------------------------
    # Changes by Odoo's code
    # ------------------------------------------------------------

    @contextmanager
    def _collect_points(self, resolve, *, cards=None, keys=()):
        """Post the changes of points in the block as one set, at its end.

        The postings decide the points of the cards, not the values that the block
        wrote.

        :param resolve: function that gets the changes, ``{card: units}`` (0 if they
            add up to nothing), and returns values for `_post_many`
        :param cards: cards to lock and preload, so that neither the block nor the
            posting needs another query for their lots
        :param keys: the posting keys to preload with them
        """
        stack = _collectors.__dict__.setdefault("stack", [])
        preloaded = None
        if cards:
            # Only code of the server posts, after it has checked access.
            preloaded = Posting(self.sudo().env)
            preloaded.load(cards.ids, keys, 2 * len(cards))
        collector = PointsCollector(self.env.transaction, preloaded)
        stack.append(collector)
        try:
            yield collector
        finally:
            stack.remove(collector)
        changes = {
            self.browse(card_id): units for card_id, units in collector.changes.items()
        }
        posting = self._run_posting(resolve(changes), preloaded=collector.posting)
        self._set_points(self._get_unwritten_points(changes, posting))
        self._finish_posting(posting)
        self._forward_points(posting.changes)

    @api.model
    def _get_unwritten_points(self, changes, posting):
        """Return ``{card id: units}`` posted in addition to what a block wrote."""
        left = dict(posting.changes)
        for card, units in changes.items():
            left[card.id] = left.get(card.id, 0) - units
        # Skip deleted cards. Cards with postings are locked, so they exist.
        others = self.browse(
            card_id
            for card_id in left
            if left[card_id] and card_id not in posting.chain_heads
        )
        there = {*posting.chain_heads, *(others and others.exists().ids)}
        return {card_id: left[card_id] for card_id in left if card_id in there}

    @api.model
    def _get_points_collector(self):
        """Return the innermost collector of this transaction, or None."""
        return next(iter(self._get_collectors()), None)

    @api.model
    def _get_collectors(self):
        """Return all collectors of this transaction, innermost first."""
        return [
            collector
            for collector in reversed(_collectors.__dict__.get("stack", ()))
            if collector.transaction is self.env.transaction
        ]

    # ------------------------------------------------------------
    # Preloaded cards
    # ------------------------------------------------------------

    @api.model
    def _get_preloaded_accounts(self):
        """Return ``{card id: account}`` of preloaded cards."""
        return {
            card_id: account
            for collector in self._get_collectors()
            if collector.posting
            for card_id, account in collector.posting.accounts.items()
        }

    @api.model
    def _clear_preloaded(self):
        """Drop preloaded cards, because the ledger is about to change."""
        for collector in self._get_collectors():
            collector.posting = None
