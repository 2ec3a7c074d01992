import threading
from contextlib import contextmanager

from odoo import api, models
from odoo.exceptions import UserError

from ..engine.ledger import ShortBalance, to_points, to_units
from ..posting import Posting

# Who collects changes of points in this thread, innermost last.
_collectors = threading.local()


class PointsCollector:
    """Changes of points that a block of code makes, to be posted as one set.

    Nothing that a client sends can make one, unlike a key of the context.
    """

    def __init__(self, transaction):
        self.transaction = transaction
        self.changes = {}

    def add(self, changes):
        for card, units in changes.items():
            self.changes[card.id] = self.changes.get(card.id, 0) + units


class LoyaltyCard(models.Model):
    """The one writer of the ledger."""

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
    ):
        """Post the same points on each card, and return the entries.

        ``points`` are signed. ``key``: posted once on a card; the entry that is
        there is returned. ``source``: the document. ``date``: the day, by default
        today for the company. The days of an award are those of the programme by
        default; False: not known yet when available, never expiring.

        Raises UserError where points are not available. See `_post_many` for
        different points on many cards.
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
                }
                for card in self
            ]
        )

    @api.model
    def _post_many(self, values_list, *, quiet=False):
        """Post many entries on many cards as one set, and return the entries.

        Values are those of `_post_points`, with ``card``, and where needed:

        - ``origin``: the entry that is taken back. Points of an award are taken
          from its own lot first; points that were spent go back to their lots.
        - ``lots``: the lots that expire; their points are what is left of them.
        - ``prefer``: ids of lots to take points from before others.
        - ``shortage``: what to do where fewer points are there than are taken
          back (debt, floor, block), by default as the programme says.

        The cards are locked in the order of their ids, so postings on one card
        come one after the other. All is read in one query and written in one.
        ``quiet`` writes the points without mails and tracking, for big jobs.
        """
        posting = self._run_posting(values_list, quiet)
        if not quiet:
            self._set_points(posting.changes)
        return self._finish_posting(posting)

    @api.model
    def _run_posting(self, values_list, quiet=False):
        """Write the entries of postings, not the points of cards."""
        # Posting is the only way into the ledger: who comes here was let in.
        posting = Posting(
            self.sudo().env,
            [v for v in values_list if to_units(v.get("points")) or v.get("lots")],
        )
        if not posting.values_list:
            return posting
        posting.load()
        try:
            posting.post()
        except ShortBalance as error:
            raise UserError(self._get_shortage_text(error)) from error
        if quiet:
            # The points are written past the cache.
            self.env["loyalty.card"].flush_model(["points"])
        posting.save(quiet)
        return posting

    @api.model
    def _finish_posting(self, posting):
        """Have caches forget what the ledger now tells otherwise."""
        Entry = self.env["loyalty.point.entry"]
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
        return entries

    @api.model
    def _get_ledger_fields(self):
        """Extension point: fields of cards that postings change behind the ORM."""
        return [
            "entry_ids",
            "lot_ids",
            "points_available",
            "points_pending",
            "points_locked",
            "points_debt",
            "points_expiring",
            "points_expiring_date",
        ]

    def _after_posting(self, entries):
        """Extension point: entries were added, and cards have their new points.

        Code that writes the points by itself writes them right after this.
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
    # Changes that Odoo's code makes
    # ------------------------------------------------------------

    @contextmanager
    def _collect_points(self, resolve):
        """Post what the block changes on cards at its end, as one set.

        ``resolve`` gets the changes, units by card (0 where what was written comes
        to nothing), and returns values for `_post_many`. The points of the cards
        become what these come to, whatever the block wrote.
        """
        stack = _collectors.__dict__.setdefault("stack", [])
        collector = PointsCollector(self.env.transaction)
        stack.append(collector)
        try:
            yield collector
        finally:
            stack.remove(collector)
        changes = {
            self.browse(card_id): units for card_id, units in collector.changes.items()
        }
        posting = self._run_posting(resolve(changes))
        left = dict(posting.changes)
        for card, units in changes.items():
            left[card.id] = left.get(card.id, 0) - units
        # What is gone by now needs no points. What was posted on is there.
        others = self.browse(
            card_id
            for card_id in left
            if left[card_id] and card_id not in posting.heads
        )
        there = {*posting.heads, *(others and others.exists().ids)}
        self._set_points(
            {card_id: left[card_id] for card_id in left if card_id in there}
        )
        self._finish_posting(posting)

    @api.model
    def _get_points_collector(self):
        """Return who collects changes of points in this transaction, if anybody."""
        for collector in reversed(_collectors.__dict__.get("stack", ())):
            if collector.transaction is self.env.transaction:
                return collector
        return None
