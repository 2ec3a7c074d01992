"""Benchmark of the points ledger: a race of processes, expiry, and the check.

bench/points runs it in a database of its own, where it adds and commits a million
entries. It prints a line of JSON for each measurement, and writes bench/POINTS.md if
all were made.
"""

import json
import os
import platform
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from bench.programs import create_program
from tests.points_race import OPERATIONS, Race

CARDS = 20_000
ROUNDS = 50
EXPIRING = 5
BATCH = 5_000
DAY = date(2026, 3, 2)


STEPS = os.environ.get("POINTS_STEPS", "race fill").split()
RESULTS = []


def record(name, **numbers):
    """Print and store a measurement, with the load of the machine."""
    result = {"name": name, **numbers, "load": round(os.getloadavg()[0], 1)}
    RESULTS.append(result)
    print(json.dumps(result), flush=True)


def race(env):
    """Run eight processes with two hundred rounds each, on twenty cards."""
    run = Race(env.cr.dbname, processes=8, rounds=200)
    run.set_up()
    start = time.monotonic()
    total = run.run()
    seconds = time.monotonic() - start
    problems = run.check(total)
    counts = Counter(dict.fromkeys(("lost", "retried", "refused", *OPERATIONS), 0))
    counts.update(total)
    record("race", seconds=round(seconds, 1), problems=problems, **counts)
    run.tear_down()


def fill(env):
    """Post fifty entries on each card, five of them lots that expire on a day."""
    program = create_program(env)
    cards = env["loyalty.card"].create(
        [{"program_id": program.id, "code": f"bench{n}"} for n in range(CARDS)]
    )
    env.cr.commit()
    Card = env["loyalty.card"]
    start = time.monotonic()
    for number in range(ROUNDS):
        # Post the expiring lots last, or spending would consume them.
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
    record("fill", entries=count, seconds=round(seconds, 1))
    env.cr.execute("ANALYZE crm_loyalty_entry, crm_loyalty_consumption")
    env.cr.commit()
    return program


def expire(env, program):
    env.cr.execute(
        "SELECT COUNT(*) FROM crm_loyalty_entry "
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
    record("expire", lots=lots, entries=len(entries), seconds=round(seconds, 1))


def check_ledger(env):
    for _time in range(2):
        check = env["crm.loyalty.check"]._check_ledger(
            env["crm.loyalty.check"]._get_anchor_date()
        )
        record(
            "prove",
            entries=check.entry_count,
            faults=check.fault_count,
            seconds=round(check.seconds, 1),
        )
        env.cr.commit()


def write_report():
    """Write the measurements to bench/POINTS.md."""
    by_name = {result["name"]: result for result in RESULTS}
    race_, fill_ = by_name["race"], by_name["fill"]
    expire_, prove_ = by_name["expire"], by_name["prove"]
    done = ", ".join(
        f"{race_[name]:,} {label}"
        for name, label in (
            ("redeem", "redeemed"),
            ("earn", "earned"),
            ("sync", "sent by several PoS"),
            ("undo", "taken back"),
            ("write", "written without the ledger's methods"),
            ("expire", "runs of the expiry job"),
            ("refused", "refused for lack of points"),
        )
    )
    text = TEMPLATE.format(
        cpus=os.cpu_count(),
        python=platform.python_version(),
        done=done,
        race=race_,
        problems="; ".join(race_["problems"]) or "none",
        fill=fill_,
        rate=round(fill_["entries"] / fill_["seconds"]),
        expire=expire_,
        prove=prove_,
    )
    Path("bench/POINTS.md").write_text(text, encoding="utf-8")


TEMPLATE = """# Cost of the points ledger

Written by `bench/points`, on {cpus} cores with Python {python}. *Load* is the load of
the machine at the end of each step; other work at the same time makes the times longer.

## The race

8 processes × 200 rounds on the same 20 cards, in a real database, with a transaction
for each round: {done}.

| | |
|---|---:|
| overspent, lost or doubled points, broken hashes | {problems} |
| abandoned rounds | {race[lost]} |
| transactions retried after a conflict | {race[retried]} |
| seconds | {race[seconds]} |
| load | {race[load]} |

After the race, the balance of every card is the sum of its entries, no balance is below
zero, the total of all cards is what the processes have added, no entry is reversed
twice, and the check of the ledger finds no fault.

## Big jobs

| | rows | seconds | bar | load |
|---|---:|---:|---:|---:|
| post, {rate:,} a second | {fill[entries]:,} | {fill[seconds]} | | {fill[load]} |
| expire lots | {expire[lots]:,} | {expire[seconds]} | 20 | {expire[load]} |
| check the ledger | {prove[entries]:,} | {prove[seconds]} | 5 | {prove[load]} |

`addons/crm_loyalty_sale/tests/test_orders.py` counts the queries of confirming orders.
"""

if "race" in STEPS:
    race(env)  # noqa: F821  the shell has it
if "fill" in STEPS:
    program = fill(env)  # noqa: F821
    expire(env, program)  # noqa: F821
    check_ledger(env)  # noqa: F821
    if "race" in STEPS:
        write_report()
