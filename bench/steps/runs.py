"""Runs of the lifecycle, one company after the other."""

import time

from dateutil.relativedelta import relativedelta

from ..generate import AS_OF
from ..measure import MemoryWatch
from .common import count_rows, get_companies, get_day


def measure_run(env, after=0, full=False):
    """Time a run of each company, as of ``after`` days after the last one."""
    day = get_day(env, after)
    companies = get_companies(env)
    runs = []
    with MemoryWatch() as memory:
        for company in companies:
            started = time.perf_counter()
            run = env["crm.lifecycle"]._run(
                company,
                day,
                full=full,
                checkpoint=lambda done, remaining: env.cr.commit(),
            )
            env.cr.commit()
            seconds = time.perf_counter() - started
            runs.append({"seconds": seconds, **_read_account(run)})
    return {
        "seconds": sum(run["seconds"] for run in runs),
        "day": day,
        "memory": memory.as_result(),
        "profiles": count_rows(env, "crm_lifecycle_profile"),
        "history": count_rows(env, "crm_lifecycle_history"),
        **_add_up(runs),
    }


def _read_account(run):
    """Return the counts and seconds per phase that the run stored."""
    names = [name for name in run._fields if name.endswith(("_count", "_seconds"))]
    [values] = run.read(names)
    return {name: values[name] for name in names}


def _add_up(runs):
    return {
        name: sum(run[name] or 0 for run in runs)
        for name in runs[0]
        if name != "seconds"
    }


def measure_replay(env, months=12):
    """Time a replay of the past months, for customers without a history.

    None if the method does not exist.
    """
    Lifecycle = env["crm.lifecycle"]
    if not hasattr(Lifecycle, "_replay"):
        return None
    begin = AS_OF - relativedelta(months=months)
    with MemoryWatch() as memory:
        started = time.perf_counter()
        for company in get_companies(env):
            Lifecycle._replay(
                company,
                begin,
                AS_OF,
                step="month",
                checkpoint=lambda done, remaining: env.cr.commit(),
            )
            env.cr.commit()
        seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "steps": months,
        "memory": memory.as_result(),
        "profiles": count_rows(env, "crm_lifecycle_profile"),
        "history": count_rows(env, "crm_lifecycle_history"),
    }
