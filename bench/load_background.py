"""Work that goes on beside people, read by `odoo shell` as its input; see load.py."""

import json
import os
import signal
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

from psycopg2.errors import SerializationFailure

sys.path.insert(0, os.environ["BENCH_ROOT"])

from bench.steps.changes import change_orders
from bench.steps.runs import measure_run

ended = []
signal.signal(signal.SIGUSR1, lambda number, frame: ended.append(True))
counts = Counter()


def live_a_night(env):
    """Let orders change, and do the run of the night after, for both companies."""
    change_orders(env, 2000)
    started = time.monotonic()
    run = measure_run(env, after=1)
    counts["nights"] += 1
    counts["moved"] += run["moved_count"]
    counts["seconds of nights"] += time.monotonic() - started


def do_actions(env):
    """The job of actions, as the scheduler calls it."""
    env.ref("crm_lifecycle.ir_cron_playbook").method_direct_trigger()
    counts["calls of the job"] += 1
    time.sleep(1)


def post_points(env):
    """Points for fifty members at a time."""
    program = env["loyalty.program"].search([("name", "=", "Load")], limit=1)
    cards = env["loyalty.card"].search(
        [("program_id", "=", program.id)], limit=50, offset=50 * (counts["sets"] % 40)
    )
    cards._post_points(3, "bonus", date=date.today())
    counts["sets"] += 1
    counts["postings"] += len(cards)


works = {"night": live_a_night, "actions": do_actions, "points": post_points}
work = works[os.environ["LOAD_WORK"]]
odoo_env = globals()["env"]
while not ended:
    try:
        work(odoo_env)
        odoo_env.cr.commit()
    except SerializationFailure:
        # Done again, as Odoo does with a request and a job.
        odoo_env.cr.rollback()
        counts["retries"] += 1
    odoo_env.invalidate_all()
Path(os.environ["LOAD_RESULT"]).write_text(json.dumps(counts))
