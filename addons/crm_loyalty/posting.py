"""A set of postings: one query reads, Python computes, one query writes."""

import json
from datetime import date, datetime

from odoo.tools import SQL

from .engine import chain
from .engine.ledger import Account, InsufficientPoints, OpenEntry, to_units
from .posting_sql import expired_sql, save_sql


class Posting:
    """The postings of `loyalty.card._post_many`.

    `load` locks and reads the cards, `post` computes the entries, `save` writes them.
    Code that knows its cards can preload them.
    """

    def __init__(self, env):
        self.env = env
        self.values_list = []
        self.card_ids = set()  # requested cards, including deleted ones
        self.loaded_keys = set()
        self.accounts = {}  # card id: Account
        self.chain_heads = {}  # card id: (sequence, hash) of its last entry
        self.keys = {}  # (card id, key): entry id
        self.consumed = {}  # entry id: {lot id: units not given back}
        self.used_up_lots = {}  # lot id: OpenEntry of a lot of `consumed`
        self.origins = {}  # entry id: id of the entry that it reverses
        self.expired = {}  # entry id: units that expired and were not waived yet
        self.offspring = {}  # entry id: ids of the lots that reinstated its points
        self.entry_ids = []  # one for each item of `values_list`
        self.entries = []  # rows to insert
        self.changes = {}  # card id: units
        self.new_ids = []
        self.now = None
        self.quiet = False
        # Whether cards have entries without qualifying values.
        self.has_uncounted_entries = False

    # ------------------------------------------------------------
    # Reading
    # ------------------------------------------------------------

    def covers(self, values_list):
        """Return whether the cards and keys of these values are loaded."""
        return all(
            values["card"].id in self.card_ids
            and (not values.get("key") or values["key"] in self.loaded_keys)
            for values in values_list
        )

    def load(self, card_ids, keys, count):
        """Lock cards, and read their last entries, open rows and known keys.

        It also reserves ``count`` ids for new entries.
        """
        self.card_ids, self.loaded_keys = set(card_ids), set(keys)
        for (
            card_id,
            sequence,
            last_hash,
            rows,
            known,
            unseen,
            now,
            numbers,
        ) in self.env.execute_query(self._get_load_sql(count)):
            self.now = now
            self.new_ids += numbers or []
            self.has_uncounted_entries |= unseen
            self.chain_heads[card_id] = (sequence or 0, last_hash or chain.INITIAL_HASH)
            account = self.accounts[card_id] = Account({})
            for row_id, units, available, expires, origin in rows or ():
                account.rows[row_id] = OpenEntry(
                    row_id, units, _parse_date(available), _parse_date(expires)
                )
                self.origins[row_id] = origin
            for key, entry_id in (known or {}).items():
                self.keys[card_id, key] = entry_id

    def _get_load_sql(self, count):
        return SQL(
            """
            SELECT c.id, head.sequence, head.hash,
                   (SELECT json_agg(json_build_array(
                               e.id, round(e.remaining * 10000)::bigint,
                               e.available_date, e.expiration_date, e.origin_id))
                      FROM crm_loyalty_entry AS e
                     WHERE e.card_id = c.id AND e.remaining <> 0),
                   (SELECT json_object_agg(e.key, e.id)
                      FROM crm_loyalty_entry AS e
                     WHERE e.card_id = c.id AND e.key = ANY(%(keys)s::text[])),
                   c.program_id = ANY(%(tiered)s) AND EXISTS (
                       SELECT FROM crm_loyalty_entry AS e
                        WHERE e.program_id = c.program_id AND e.card_id = c.id
                          AND e.qualifying_date IS NULL),
                   now() AT TIME ZONE 'UTC',
                   (SELECT array_agg(nextval('crm_loyalty_entry_id_seq'))
                      FROM generate_series(1, %(count)s)
                     WHERE c.id = %(first)s)
              FROM loyalty_card AS c
         LEFT JOIN LATERAL (
                   SELECT e.sequence, e.hash FROM crm_loyalty_entry AS e
                    WHERE e.card_id = c.id ORDER BY e.sequence DESC LIMIT 1
                   ) AS head ON TRUE
             WHERE c.id = ANY(%(ids)s)
          ORDER BY c.id
               FOR NO KEY UPDATE OF c
            """,
            keys=sorted(self.loaded_keys),
            tiered=self.get_tiered_program_ids(),
            count=count,
            first=min(self.card_ids),
            ids=sorted(self.card_ids),
        )

    def _reserve_ids(self, count):
        """Reserve missing ids: more are needed, or the first card was deleted."""
        missing = count - len(self.new_ids)
        if missing > 0:
            self.new_ids += [
                number
                for [number] in self.env.execute_query(
                    SQL(
                        "SELECT nextval('crm_loyalty_entry_id_seq') "
                        "FROM generate_series(1, %s)",
                        missing,
                    )
                )
            ]

    def _read_consumed(self):
        """Read which lots the entries to reverse have consumed."""
        origins = {v["origin"].id for v in self.values_list if v.get("origin")}
        if not origins:
            return
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.id, a.id, round(SUM(c.points) * 10000)::bigint,
                       round(a.remaining * 10000)::bigint,
                       a.available_date, a.expiration_date
                  FROM crm_loyalty_entry AS o
                  JOIN crm_loyalty_entry AS x ON x.id = o.id OR x.origin_id = o.id
                  JOIN crm_loyalty_consumption AS c ON c.entry_id = x.id
                  JOIN crm_loyalty_entry AS a ON a.id = c.award_id
                 WHERE o.id = ANY(%s)
              GROUP BY o.id, a.id
                """,
                list(origins),
            )
        )
        for origin, lot, units, remaining, available, expires in rows:
            self.consumed.setdefault(origin, {})[lot] = units
            self.used_up_lots[lot] = OpenEntry(lot, remaining, available, expires)
        for origin, expired, lots in self.env.execute_query(expired_sql(origins)):
            self.expired[origin] = expired
            self.offspring[origin] = lots or []

    # ------------------------------------------------------------
    # Computing
    # ------------------------------------------------------------

    def post(self, values_list):
        """Compute the entries in order, skipping deleted cards.

        :raises InsufficientPoints: with the card, if it does not have enough points
        """
        self.values_list = values_list
        self._reserve_ids(len(values_list))
        self._read_consumed()
        new_ids = iter(self.new_ids)
        for values in values_list:
            card_id = values["card"].id
            if card_id not in self.accounts:
                continue
            key = chain.strip_separators(values.get("key"))
            if key and (card_id, key) in self.keys:
                self.entry_ids.append(self.keys[card_id, key])
                continue
            entry_id = next(new_ids)
            self.entry_ids.append(entry_id)
            if key:
                self.keys[card_id, key] = entry_id
            self._post_entry(entry_id, values, key)

    def _post_entry(self, entry_id, values, key):
        # The user need not have access to the program.
        card = values["card"].sudo()
        program = card.program_id
        account = self.accounts[card.id]
        day = values.get("date") or program._get_loyalty_today()
        origin = values.get("origin")
        if origin:
            self.origins[entry_id] = origin.id
        flows = len(account.consumptions)
        try:
            units, waived = self._apply_values(account, entry_id, values, day)
        except InsufficientPoints as error:
            error.card, error.kind = card, values["kind"]
            raise
        if values["kind"] in program._get_activity_kinds() and (
            program.crm_loyalty_expiry_policy == "activity"
        ):
            account.extend_expiry(day, program._get_expiration_date(day))
        self._add_consumed(account.consumptions[flows:])
        source = values.get("source")
        previous = self.chain_heads[card.id]
        row = {
            "id": entry_id,
            "card_id": card.id,
            "sequence": previous[0] + 1,
            "kind": values["kind"],
            "points": units,
            "waived": waived,
            "earning": json.dumps(values["earning"]) if values.get("earning") else None,
            "date": day,
            "key": key,
            "source_model": source._name if source else None,
            "source_id": source.id if source else None,
            "origin_id": origin.id if origin else None,
            "reason": chain.strip_separators(values.get("reason")),
            "user_id": self.env.uid,
            "create_date": self.now,
            "program_id": program.id,
            "partner_id": card.partner_id.id or None,
            "company_id": program.company_id.id or None,
            "manual_user_id": values["manual_user"].id
            if values.get("manual_user")
            else None,
        }
        row["hash"] = chain.compute_hash(previous[1], row)
        self.chain_heads[card.id] = (row["sequence"], row["hash"])
        self.entries.append(row)
        self.changes[card.id] = self.changes.get(card.id, 0) + units

    def _apply_values(self, account, entry_id, values, day):
        """Apply the values to the account.

        :return: the signed units of the entry, and the waived units
        """
        units = to_units(values.get("points"))
        # The user need not have access to the program.
        program = values["card"].sudo().program_id
        origin = values.get("origin")
        if values.get("lots"):
            return -account.expire(entry_id, values["lots"].ids), 0
        unwaived = to_units(values.get("unwaived"))
        if not units:
            account.add_empty(entry_id)
            return 0, -unwaived
        if units > 0:
            if origin:
                account.restore(
                    entry_id, units, day, self._get_consumed(account, origin.id)
                )
            else:
                available, expires = self._get_days(program, values, day)
                account.award(entry_id, units, day, available, expires)
            return units, -unwaived
        if values["kind"] == "burn" and not (values.get("unchecked") or origin):
            account.spend(entry_id, -units, day)
            return units, 0
        prefer = values.get("prefer") or ()
        if origin:
            own = [origin.id, *self.offspring.get(origin.id, ())]
            prefer = [*own, *self._get_preferred_lots(account, origin, day)]
            own = prefer if origin.points < 0 else own
        shortage = values.get("shortage") or (
            program.crm_loyalty_negative_policy
            if values["kind"] == "reverse"
            else "block"
        )
        expired = origin and self._waive_expired(account, origin.id, own, -units)
        expired = expired or 0
        waived = expired + account.deduct(
            entry_id, -units - expired, day, prefer, shortage
        )
        return units + waived, waived - unwaived

    def _get_preferred_lots(self, account, origin, day):
        """Return the lots that the reversals of an entry took points from.

        Lots that are over are left to expire, unless the entry spent them.
        """
        return [
            lot
            for lot in self.consumed.get(origin.id, ())
            if lot in account.rows
            and (origin.points < 0 or not account.rows[lot].is_expired(day))
        ]

    def _waive_expired(self, account, origin_id, own, units):
        """Return the units to take back that can't be taken, since they expired.

        What is left of the lot itself is taken first.
        """
        left = sum(account.rows[lot].open for lot in own if lot in account.rows)
        waived = min(max(units - max(left, 0), 0), self.expired.get(origin_id, 0))
        if waived:
            self.expired[origin_id] -= waived
        return waived

    def _get_days(self, program, values, day):
        """Return the first and last day on which an award may be spent."""
        available = values.get("available_date")
        if available is None:
            earned = values["kind"] == "earn"
            available = program._get_available_date(day) if earned else day
        expires = values.get("expiration_date")
        if expires is None:
            expires = program._get_expiration_date(day)
        return available or None, expires or None

    def _get_consumed(self, account, origin_id):
        """Return ``[(row, units)]`` that an entry consumed and has not given back."""
        consumed = [
            (account.rows.get(lot_id) or self.used_up_lots[lot_id], units)
            for lot_id, units in self.consumed.get(origin_id, {}).items()
            if units > 0
        ]
        return sorted(consumed, key=lambda pair: pair[0].order)

    def _add_consumed(self, flows):
        for consumer, lot, units in flows:
            for entry_id in (consumer, self.origins.get(consumer)):
                if entry_id:
                    lots = self.consumed.setdefault(entry_id, {})
                    lots[lot] = lots.get(lot, 0) + units

    # ------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------

    def save(self, quiet=False):
        """Insert entries and consumption, and update lots, in one query."""
        self.quiet = quiet
        if not self.entries:
            return
        if self.is_tiered():
            self.env["crm.loyalty.entry"]._flush_qualifying()
        [[has_uncounted_entries]] = self.env.execute_query(save_sql(self))
        self.has_uncounted_entries |= has_uncounted_entries

    def is_tiered(self):
        """Return whether an entry belongs to a program with tiers."""
        tiered = self.env["loyalty.program"]._get_tier_program_ids()
        return any(row["program_id"] in tiered for row in self.entries)

    def get_tiered_program_ids(self):
        return sorted(self.env["loyalty.program"]._get_tier_program_ids())

    def get_rows(self):
        """Return the lots and debts of all cards, by entry id."""
        return {
            row_id: row
            for account in self.accounts.values()
            for row_id, row in account.rows.items()
        }

    def get_changed_entries(self):
        """Return the existing lots and debts that changed."""
        new = {entry["id"] for entry in self.entries}
        return [
            account.rows[row_id]
            for account in self.accounts.values()
            for row_id in account.changed_ids
            if row_id not in new
        ]

    def get_consumptions(self):
        """Return the ``(entry, lot, units)`` of all cards, see `Account`."""
        return [
            flow for account in self.accounts.values() for flow in account.consumptions
        ]


def _parse_date(value):
    """Return a date from JSON, or from a date or datetime."""
    if isinstance(value, str):
        return date.fromisoformat(value)
    return value.date() if isinstance(value, datetime) else value
