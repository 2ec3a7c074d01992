"""What the points ledger costs: a race of processes, expiry, and the proof.

    script/odoo shell -d DATABASE < bench/points.py

Wants a database of its own with `crm_loyalty`: it adds a million entries, commits
them, and leaves them there. Prints one line of JSON for each measurement.
"""

import json
import time
from datetime import date, timedelta

from odoo.fields import Command

from tests.points_race import Race

CARDS = 20_000
ROUNDS = 50
EXPIRING = 5
BATCH = 5_000
DAY = date(2026, 3, 2)


def tell(name, **numbers):
    print(json.dumps({"name": name, **numbers}), flush=True)


def race(env):
    """Eight processes, two hundred rounds, twenty cards."""
    run = Race(env.cr.dbname, processes=8, rounds=200)
    run.set_up()
    start = time.monotonic()
    total = run.run()
    seconds = time.monotonic() - start
    problems = run.check(total)
    tell("race", seconds=round(seconds, 1), problems=problems, **total)
    run.tear_down()


def fill(env):
    """Cards with fifty entries each, five of them lots that expire on a day."""
    program = env["loyalty.program"].create(
        {
            "name": "Bench",
            "program_type": "loyalty",
            "applies_on": "both",
            "trigger": "auto",
            "reward_ids": [Command.create({})],
        }
    )
    cards = env["loyalty.card"].create(
        [{"program_id": program.id, "code": f"bench{n}"} for n in range(CARDS)]
    )
    env.cr.commit()
    Card = env["loyalty.card"]
    start = time.monotonic()
    for number in range(ROUNDS):
        # Those that expire come last: spending would use them up.
        expires = number >= ROUNDS - EXPIRING
        spends = not expires and number % 3 == 2
        last = DAY if expires else DAY + timedelta(days=400)
        for index in range(0, CARDS, BATCH):
            Card._post_many(
                [
                    {
                        "card": card,
                        "points": -2 if spends else 3,
                        "kind": "adjust" if spends else "earn",
                        "date": DAY - timedelta(days=1),
                        "expiration_date": last,
                    }
                    for card in cards[index : index + BATCH]
                ],
                quiet=True,
            )
            env.cr.commit()
            env.invalidate_all()
    seconds = time.monotonic() - start
    count = CARDS * ROUNDS
    tell("fill", entries=count, seconds=round(seconds, 1))
    env.cr.execute("ANALYZE loyalty_point_entry, loyalty_point_consumption")
    env.cr.commit()
    return program


def expire(env, program):
    env.cr.execute(
        "SELECT COUNT(*) FROM loyalty_point_entry "
        "WHERE program_id = %s AND remaining > 0 AND expiration_date < %s",
        [program.id, DAY + timedelta(days=1)],
    )
    [lots] = env.cr.fetchone()
    start = time.monotonic()

    def checkpoint(_count):
        env.cr.commit()
        return 1

    entries = env["loyalty.card"]._expire_points(
        as_of=DAY + timedelta(days=1), checkpoint=checkpoint
    )
    seconds = time.monotonic() - start
    tell("expire", lots=lots, entries=len(entries), seconds=round(seconds, 1))


def prove(env):
    for _time in range(2):
        proof = env["loyalty.point.proof"]._prove(
            env["loyalty.point.proof"]._get_anchor_date()
        )
        tell(
            "prove",
            entries=proof.entry_count,
            faults=proof.fault_count,
            seconds=round(proof.seconds, 1),
        )
        env.cr.commit()


race(env)  # noqa: F821  the shell has it
program = fill(env)  # noqa: F821
expire(env, program)  # noqa: F821
prove(env)  # noqa: F821
