"""A background process under load, run as input of `odoo shell`; see load.py."""

import json
import os
import random
import signal
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path

sys.path.insert(0, os.environ["BENCH_ROOT"])

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from bench.steps.changes import change_orders
from bench.steps.runs import measure_run

SET_SIZE = 50
ended = []
signal.signal(signal.SIGUSR1, lambda number, frame: ended.append(True))
counts = Counter()


def simulate_night(env):
    """Change orders, and do the nightly run of both companies."""
    change_orders(env, int(os.environ["LOAD_CHANGED"]))
    started = time.monotonic()
    run = measure_run(env, after=1)
    counts["nights"] += 1
    counts["facts changed"] += run["refreshed_count"]
    counts["moved"] += run["moved_count"]
    seconds = round(time.monotonic() - started, 2)
    counts["seconds of the longest"] = max(counts["seconds of the longest"], seconds)


def do_actions(env):
    """Call the job of actions like the scheduler."""
    before = env["crm.lifecycle.playbook.log"].search_count([])
    env.ref("crm_lifecycle.ir_cron_playbook").method_direct_trigger()
    env.cr.commit()
    counts["calls"] += 1
    counts["steps"] += env["crm.lifecycle.playbook.log"].search_count([]) - before
    time.sleep(1)


def post_points(env):
    """Post points of fifty members at once, each second: 180,000 an hour."""
    mine = [("program_id.name", "=", "Load")]
    sets = max(env["loyalty.card"].search_count(mine) // SET_SIZE, 1)
    first = SET_SIZE * (counts["sets"] % sets)
    members = env["loyalty.card"].search(mine, order="id", limit=SET_SIZE, offset=first)
    members._post_points(3, "bonus", date=date.today())
    env.cr.commit()
    counts["sets"] += 1
    counts["postings"] += len(members)
    time.sleep(1)


works = {"night": simulate_night, "actions": do_actions, "points": post_points}
work = works[os.environ["LOAD_WORK"]]
odoo_env = globals()["env"]
Path(os.environ["LOAD_READY"]).touch()
while not ended:
    try:
        work(odoo_env)
        odoo_env.cr.commit()
    except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
        # Retry, as Odoo does for requests and jobs.
        odoo_env.cr.rollback()
        counts["retries"] += 1
        time.sleep(random.uniform(0, 0.5))
    odoo_env.invalidate_all()
Path(os.environ["LOAD_RESULT"]).write_text(json.dumps(counts))
