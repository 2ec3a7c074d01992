"""The steps of the benchmark, in their order.

The steps build on each other, like the days of a database: an empty one, facts, the
first run, nights. Each step stores its result, and `report` writes the page.
"""

import importlib
import logging
import os
import platform
import time
from datetime import date
from pathlib import Path

from .driver import ADDONS, CORE_DB, ROOT

_logger = logging.getLogger(__name__)

NIGHTS = 3
# Share of orders that change between two nights.
CHANGED = 0.01
# Divisor of the number of customers, for the smaller database.
TENTH = 10


def measure(driver, only=()):
    """Run all steps, or only some of them on the database of an earlier run."""
    if only and not driver.exists(driver.work):
        raise SystemExit("There is no database of an earlier run: leave out --only.")
    if only:
        again = {*driver.results.get("again", []), *only}
        driver.results["again"] = [name for name in STEPS if name in again]
    else:
        # Of an earlier run, only the results about the rows are still valid.
        driver.results["again"] = []
        driver.results["steps"] = {
            name: result
            for name, result in driver.results["steps"].items()
            if name == "generate"
        }
    note_machine(driver)
    if not only:
        make_plain_database(driver)
        make_work_database(driver)
    for name, step in STEPS.items():
        if not only or name in only:
            print(f"\n== {name}", flush=True)
            _try_step(driver, name, step)


def _try_step(driver, name, step):
    """Run a step. If it fails, print the error and continue with the other steps."""
    try:
        driver.store_result(name, step(driver))
    except Exception as error:
        _logger.exception("The step %s failed", name)
        driver.store_result(name, {"error": f"{type(error).__name__}: {error}"})


# ------------------------------------------------------------
# Databases
# ------------------------------------------------------------


def make_plain_database(driver):
    """Generate the rows, unless an earlier run left them."""
    if driver.keep and driver.is_complete(driver.plain):
        return
    driver.copy(CORE_DB, driver.plain)
    started = time.monotonic()
    driver.shell(
        driver.plain,
        "generate",
        customers=driver.customers,
        orders=driver.orders,
        seed=driver.seed,
    )
    driver.sql(driver.plain, "VACUUM (ANALYZE)")
    driver.store_result("generate", {"seconds": time.monotonic() - started})
    driver.mark_complete(driver.plain)


def make_work_database(driver):
    """Install our addons in a copy of the plain database."""
    driver.copy(driver.plain, driver.work)
    started = time.monotonic()
    driver.odoo(
        "server",
        *("-d", driver.work, "-i", ADDONS, "--no-http", "--stop-after-init"),
        "--log-level=warn",
    )
    driver.store_result("install", {"seconds": time.monotonic() - started})
    driver.shell(driver.work, "prepare")
    driver.vacuum(driver.work)


# ------------------------------------------------------------
# Steps
# ------------------------------------------------------------


def floor(driver):
    return driver.shell(driver.work, "floor")


def ledger(driver):
    """Fill the empty ledger of purchases."""
    result = driver.shell(driver.work, "ledger")
    driver.vacuum(driver.work)
    return result


def sums(driver):
    return driver.shell(driver.work, "sums")


def build(driver):
    """Build profiles and facts from scratch, and keep a copy for the replay."""
    result = driver.shell(driver.work, "run", full=True)
    driver.vacuum(driver.work)
    driver.copy(driver.work, f"{driver.work}_facts")
    return result


def first_run(driver):
    """Run the lifecycle for the first time: all customers enter it and get a stage."""
    driver.shell(driver.work, "activate")
    result = driver.shell(driver.work, "run")
    driver.vacuum(driver.work)
    return result


def rebuild(driver):
    result = driver.shell(driver.work, "run", full=True)
    driver.vacuum(driver.work)
    return result


def nothing(driver):
    """Run at night after days without changes."""
    return [_run_and_vacuum(driver, after=1) for _night in range(NIGHTS)]


def again(driver):
    """Run a second time on the same day, without changes."""
    return _run_and_vacuum(driver)


def nightly(driver):
    """Change 1 % of the orders each day, and run at night."""
    return [_change_and_run(driver, after=1) for _night in range(NIGHTS)]


def same_day(driver):
    """Change as many orders on the same day, so that nothing else changes."""
    return [_change_and_run(driver, after=0) for _time in range(NIGHTS)]


def _run_and_vacuum(driver, **parameters):
    result = driver.shell(driver.work, "run", **parameters)
    driver.vacuum(driver.work)
    return result


def _change_and_run(driver, after, count=None):
    count = count or round(driver.orders * CHANGED)
    changed = driver.shell(driver.work, "change", count=count, after=after)
    return {"changed": changed, **_run_and_vacuum(driver, after=after)}


def equality(driver):
    return driver.shell(driver.work, "equality")


def alternatives(driver):
    """Run the loops with as many stages to write as in the nightly runs."""
    nights = driver.results["steps"]["nightly"]
    share = sum(night["moved_count"] / night["profiles"] for night in nights) / NIGHTS
    return driver.shell(driver.work, "alternatives", share=share)


def reading(driver):
    return driver.shell(driver.work, "reading")


def cost(driver):
    return {
        "without": driver.shell(driver.plain, "cost"),
        "with": driver.shell(driver.work, "cost"),
    }


def sizes(driver):
    return driver.shell(driver.work, "sizes")


def tenth(driver):
    """Make the same number of changes with a tenth of the customers and orders."""
    small = driver.scale_down(TENTH)
    try:
        make_plain_database(small)
        make_work_database(small)
        return _measure_small(small, round(driver.orders * CHANGED))
    finally:
        small.clean_up()


def _measure_small(small, count):
    return {
        "customers": small.customers,
        "orders": small.orders,
        "build": _run_and_vacuum(small, full=True),
        "first_run": first_run(small),
        "nothing": [_run_and_vacuum(small, after=1) for _night in range(NIGHTS)],
        "nightly": [_change_and_run(small, 1, count) for _night in range(NIGHTS)],
        "same_day": [_change_and_run(small, 0, count) for _time in range(NIGHTS)],
    }


def replay(driver):
    """Replay twelve months, for customers with facts and without a history."""
    facts = f"{driver.work}_facts"
    if not driver.exists(facts):
        return None
    database = f"{driver.work}_replay"
    driver.copy(facts, database)
    driver.shell(database, "activate")
    result = driver.shell(database, "replay")
    driver.drop(database)
    return result


def queue(driver):
    """Run two Odoo processes with the queue, on a tenth of the customers.

    It is skipped if `bench.queue` does not exist.

    Its ``measure(driver)`` returns a dict of ``one`` and ``two``, the seconds of the
    same work by one process and by two, ``differs``, the number of different rows, and
    ``note``, a sentence.
    """
    parts = (ROOT / "bench" / "queue.py", ROOT / "addons" / "crm_lifecycle_queue")
    if not all(part.exists() for part in parts):
        return None
    small = driver.scale_down(TENTH)
    make_plain_database(small)
    result = importlib.import_module("bench.queue").measure(small)
    return {"customers": small.customers, "orders": small.orders, **result}


STEPS = {
    "floor": floor,
    "ledger": ledger,
    "sums": sums,
    "build": build,
    "first_run": first_run,
    "rebuild": rebuild,
    "nothing": nothing,
    "again": again,
    "nightly": nightly,
    "same_day": same_day,
    "equality": equality,
    "alternatives": alternatives,
    "reading": reading,
    "cost": cost,
    "sizes": sizes,
    "tenth": tenth,
    "replay": replay,
    "queue": queue,
}


# ------------------------------------------------------------
# The machine
# ------------------------------------------------------------

SETTINGS = (
    "shared_buffers",
    "effective_cache_size",
    "work_mem",
    "maintenance_work_mem",
    "max_wal_size",
    "random_page_cost",
    "max_parallel_workers_per_gather",
    "jit",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
)


def note_machine(driver):
    """Store the properties of the machine."""
    [version] = driver.sql("postgres", "SHOW server_version")
    memory = next(
        line.split()[1]
        for line in Path("/proc/meminfo").read_text().splitlines()
        if line.startswith("MemTotal:")
    )
    cpus = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    release = driver.odoo("--version", capture_output=True, text=True).stdout
    driver.results["machine"] = {
        "date": date.today().isoformat(),
        "cpu": cpus[0] if cpus else platform.processor(),
        "cores": len(cpus),
        "load": os.getloadavg()[0],
        "memory_gb": round(int(memory) / 1024 / 1024),
        "postgresql": version.split()[0],
        "settings": {
            name: driver.sql("postgres", f"SHOW {name}")[0] for name in SETTINGS
        },
        "odoo": release.split()[-1] if release.split() else "",
        "python": platform.python_version(),
    }
