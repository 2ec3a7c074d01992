"""Time preview, comparison and replay of the 23,570 customers of CDNOW.

Run it in the Odoo shell, on a database with crm_lifecycle_sale:

    script/odoo shell -d lifecycle --no-http --log-level=warn < bench/cdnow.py

It uses a company of its own, as of the last day of the file, and rolls everything
back at the end.

CDNOW_FILE   the file (`script/odoo` sets it)
CDNOW_STEPS  the steps of the replays to time, by default "month week day"
"""

import os
import sys
import time
from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from unittest.mock import patch

TODAY = date(1998, 6, 30)
BEGIN = date(1996, 12, 31)


def import_loader():
    """Return script/cdnow.py as a module."""
    spec = spec_from_file_location("cdnow_script", "script/cdnow.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def timed(label, work):
    """Print the duration of ``work()``, and return its result."""
    started = time.perf_counter()
    result = work()
    print(f"{label:58}{time.perf_counter() - started:7.2f} s", flush=True)
    return result


def main(env):
    """Measure, and roll everything back."""
    cdnow = import_loader()
    company = env["res.company"].create(
        {"name": "CDNOW bench", "currency_id": env.ref("base.USD").id}
    )
    env = env["res.company"].with_company(company).env
    with patch.object(type(company), "_lifecycle_today", lambda company: TODAY):
        try:
            cdnow.load(env, cdnow.read_purchases(os.environ["CDNOW_FILE"]), company)
            measure(env, company)
        finally:
            env.cr.rollback()


def measure(env, company):
    """Time all operations on the loaded customers."""
    Lifecycle = env["crm.lifecycle"]
    Template = env["crm.lifecycle.template"]
    growth = Template._instantiate("growth", company)
    activity = Template._instantiate("activity", company)
    timed(
        "preview before the first run, facts built for it alone",
        lambda: Lifecycle._preview(company, growth),
    )
    growth.action_activate()
    for step in os.environ.get("CDNOW_STEPS", "month week day").split():
        with env.cr.savepoint(flush=False) as savepoint:
            run = timed(
                f"replay of 18 months by {step}",
                lambda step=step: Lifecycle._replay(company, BEGIN, TODAY, step),
            )
            print(
                f"    {run.moved_count:,} moves; collect {run.collect_seconds:.1f} s, "
                f"refresh {run.refresh_seconds:.1f} s, "
                f"evaluate {run.evaluate_seconds:.1f} s, move {run.move_seconds:.1f} s"
            )
            env.flush_all()
            savepoint.rollback()
        env.invalidate_all(flush=False)
    timed("first run", lambda: Lifecycle._run(company, as_of=TODAY))
    for _time in range(3):
        timed(
            "preview of the active lifecycle",
            lambda: Lifecycle._preview(company, growth),
        )
        timed(
            "preview of another one, which takes all customers over",
            lambda: Lifecycle._preview(company, activity),
        )
        timed(
            "comparison of the two",
            lambda: Lifecycle._compare(company, growth, activity, []),
        )


sys.stdout.reconfigure(encoding="utf-8")
main(env)  # the Odoo shell defines `env`
