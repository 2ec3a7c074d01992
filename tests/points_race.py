"""Processes that post on the same few cards at once, and checks of the result.

Used by the test, on a small scale, and by the benchmark.
"""

import json
import logging
import os
import random
import tempfile
from collections import Counter
from datetime import date, timedelta

import psycopg2

from odoo import SUPERUSER_ID, api, sql_db
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.modules.registry import Registry

DAY = date(2026, 3, 2)
CARDS = 20
OPENING = 100
OPERATIONS = ("redeem", "redeem", "earn", "sync", "undo", "write", "expire")
RETRIED = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
    psycopg2.errors.UniqueViolation,
)


class Race:
    """Cards, workers that post on them, and counts of their work."""

    def __init__(self, dbname, processes, rounds):
        self.registry = Registry(dbname)
        self.dbname = dbname
        self.processes = processes
        self.rounds = rounds

    def _env(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def set_up(self):
        """Add the cards, and commit them."""
        with self.registry.cursor() as cr:
            env = self._env(cr)
            program = env["loyalty.program"].create(
                {
                    "name": "Race",
                    "program_type": "loyalty",
                    "applies_on": "both",
                    "trigger": "auto",
                    "crm_loyalty_negative_policy": "block",
                    "reward_ids": [Command.create({})],
                }
            )
            cards = env["loyalty.card"].create(
                [
                    {"program_id": program.id, "points": OPENING, "code": f"race{n}"}
                    for n in range(CARDS)
                ]
            )
            self.program_id, self.card_ids = program.id, cards.ids

    def tear_down(self):
        """Delete rows that the ORM refuses to delete."""
        with self.registry.cursor() as cr:
            for query in (
                (
                    "DELETE FROM crm_loyalty_consumption WHERE entry_id IN "
                    "(SELECT id FROM crm_loyalty_entry "
                    "WHERE program_id = %(program)s)"
                ),
                "DELETE FROM crm_loyalty_entry WHERE program_id = %(program)s",
                "DELETE FROM loyalty_card WHERE program_id = %(program)s",
            ):
                cr.execute(query, {"program": self.program_id})
            env = self._env(cr)
            program = env["loyalty.program"].browse(self.program_id)
            program.action_archive()
            program.unlink()

    def run(self):
        """Start the workers; return the sums of their counts."""
        with tempfile.TemporaryDirectory() as folder:
            children = {}
            for number in range(self.processes):
                path = os.path.join(folder, str(number))
                child = os.fork()
                if not child:
                    self._run_child(number, path)
                children[child] = path
            total = Counter()
            for child, path in children.items():
                os.waitpid(child, 0)
                with open(path) as file:
                    total.update(json.load(file))
        return total

    def _run_child(self, number, path):
        """Work in a process of its own, with connections of its own."""
        status = 1
        try:
            # Lost races are expected here: they are counted, not logged.
            logging.getLogger("odoo.sql_db").setLevel(logging.CRITICAL)
            # The parent's connections must not even be closed here.
            sql_db._Pool = sql_db._Pool_readonly = None
            self.registry._db = sql_db.db_connect(self.dbname)
            self.registry._db_readonly = None
            worker = Worker(self, number)
            with open(path, "w") as file:
                json.dump(worker.run(), file)
            status = 0
        finally:
            os._exit(status)

    def check(self, total):
        """Return the faults of the ledger after the work, if any."""
        problems = []
        with self.registry.cursor() as cr:
            env = self._env(cr)
            cr.execute(
                """
                SELECT SUM(c.points), MIN(c.points),
                       (SELECT SUM(points) FROM crm_loyalty_entry
                         WHERE program_id = %(program)s),
                       (SELECT COALESCE(SUM(points), 0) FROM crm_loyalty_entry
                         WHERE program_id = %(program)s AND key LIKE 'sync:%%'),
                       (SELECT COUNT(*) FROM (
                         SELECT FROM crm_loyalty_entry
                          WHERE program_id = %(program)s AND origin_id IS NOT NULL
                       GROUP BY origin_id HAVING COUNT(*) > 1) AS twice)
                  FROM loyalty_card AS c WHERE c.program_id = %(program)s
                """,
                {"program": self.program_id},
            )
            points, least, entries, synced, twice = cr.fetchone()
            if least < 0:
                problems.append(f"overspent: a balance of {least}")
            if points != float(entries):
                problems.append(f"balances of {points}, entries of {entries}")
            expected = CARDS * OPENING + total["points"] + float(synced)
            if points != expected:
                problems.append(f"balances of {points}, the workers say {expected}")
            if twice:
                problems.append(f"{twice} entries were taken back twice")
            proof = env["crm.loyalty.check"]._check_ledger()
            mine = proof.fault_ids.filtered(lambda f: f.card_id.id in self.card_ids)
            problems += mine.mapped("kind")
            cr.rollback()
        return problems


class Worker:
    """One process: posts at random, retries after a lost race."""

    def __init__(self, race, number):
        self.race = race
        self.number = number
        self.random = random.Random(number)
        self.seen = Counter()

    def run(self):
        for turn in range(self.race.rounds):
            operation = self.random.choice(OPERATIONS)
            card_id = self.random.choice(self.race.card_ids)
            seed = self.random.random()
            for _attempt in range(100):
                try:
                    with self.race.registry.cursor() as cr:
                        env = self.race._env(cr)
                        points = self._post(env, operation, card_id, turn, seed)
                    self.seen["points"] += points
                    self.seen[operation] += 1
                    break
                except RETRIED:
                    self.seen["retried"] += 1
                except UserError:
                    self.seen["refused"] += 1
                    break
            else:
                self.seen["lost"] += 1
        return self.seen

    def _post(self, env, operation, card_id, turn, seed):
        """Do one operation; return the points that it adds to all cards."""
        card = env["loyalty.card"].browse(card_id)
        chance = random.Random(seed)
        points = chance.randint(1, 40)
        key = f"{self.number}:{turn}"
        if operation == "redeem":
            return card._post_points(-points, "burn", key=key, date=DAY).points
        if operation == "earn":
            last = DAY + timedelta(days=chance.randint(0, 3))
            return card._post_points(
                points, "earn", key=key, date=DAY, expiration_date=last
            ).points
        if operation == "sync":
            # The same sale, sent by several tills: the ledger counts its points.
            card._post_points(5, "earn", key=f"sync:{turn}", date=DAY)
            return 0
        if operation == "write":
            # As Odoo's own code does: read, add, write.
            card.points -= points
            env.flush_all()
            return -points
        if operation == "undo":
            return self._undo(env, card, chance)
        day = DAY + timedelta(days=chance.randint(1, 2))
        entries = env["loyalty.card"]._expire_points(as_of=day)
        return sum(entries.mapped("points"))

    def _undo(self, env, card, chance):
        candidates = card.crm_loyalty_entry_ids.filtered(
            lambda entry: entry.kind in ("earn", "burn") and ":" in (entry.key or "")
        )
        if not candidates:
            return 0
        origin = candidates[chance.randrange(len(candidates))]
        key = f"undo:{origin.id}"
        if card.crm_loyalty_entry_ids.filtered(lambda entry: entry.key == key):
            return 0
        [entry] = env["loyalty.card"]._post_many(
            [
                {
                    "card": card,
                    "points": -origin.points,
                    "kind": "reverse",
                    "origin": origin,
                    "key": key,
                    "date": DAY,
                }
            ]
        )
        return entry.points
