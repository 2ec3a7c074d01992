"""Response times of users under load.

Eight users work on contacts, orders and the kanban of customers with the RPC calls of
the web client, on a server with two workers. Three background processes run at the same
time: nightly runs of the lifecycle after changes of orders, one after the other; the
job of actions; and a set of point postings, each once a second. A first phase without
them is the baseline.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import requests

from .driver import ROOT, STATE, Driver
from .load_figures import LockWatch, add_up, format_tables
from .load_people import SimulatedUser
from .plan import make_plain_database

CUSTOMERS = int(os.environ.get("LOAD_CUSTOMERS") or 200_000)
ORDERS = int(os.environ.get("LOAD_ORDERS") or 600_000)
SECONDS = int(os.environ.get("LOAD_SECONDS") or 180)
FRESH = bool(os.environ.get("LOAD_FRESH"))
PORT = int(os.environ.get("ODOO_PORT") or 8079)
PEOPLE = 8
WORKERS = 2
# Orders that change before each night.
CHANGED = max(ORDERS // 300, 20)
# Phases, and whether the background processes run.
SCENARIOS = {"alone": False, "together": True}
if os.environ.get("LOAD_ONLY"):
    SCENARIOS = {name: SCENARIOS[name] for name in os.environ["LOAD_ONLY"].split(",")}
ADDONS = "crm_lifecycle_sale,crm_loyalty_sale,crm_lifecycle_loyalty"
BACKGROUND = ("night", "actions", "points")
RETRY = re.compile(r"(\w+), \d tries left")
# Retried queries in the log.
BAD_QUERY = re.compile(r"bad query: b?['\"]?(.{1,300})", re.DOTALL)
PROGRAM = str(ROOT / "script" / "lib" / "odoo_program.py")
URL = f"http://127.0.0.1:{PORT}"


class Background:
    """Background processes that work continuously, and report counts at the end."""

    def __init__(self, database, folder):
        self.folder = Path(folder)
        self.processes = {name: self._start(database, name) for name in BACKGROUND}

    def _start(self, database, name):
        environment = {
            **os.environ,
            "BENCH_ROOT": str(ROOT),
            "LOAD_WORK": name,
            "LOAD_CHANGED": str(CHANGED),
            "LOAD_READY": str(self.folder / f"{name}.ready"),
            "LOAD_RESULT": str(self.folder / f"{name}.json"),
        }
        with (
            open(ROOT / "bench" / "load_background.py") as script,
            open(self.folder / f"{name}.log", "w") as log,
        ):
            return subprocess.Popen(
                [
                    *(sys.executable, "-m", "odoo", "shell", "-d", database),
                    *("--no-http", "--log-level=warn", f"--db_app_name={name}"),
                ],
                cwd=ROOT,
                env=environment,
                stdin=script,
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self):
        """Wait until all processes have started; raise RuntimeError if one died."""
        for name, process in self.processes.items():
            while not (self.folder / f"{name}.ready").exists():
                if process.poll() is not None:
                    raise RuntimeError((self.folder / f"{name}.log").read_text())
                time.sleep(0.2)

    def end(self):
        """Stop the processes after their current work; return their counts."""
        for process in self.processes.values():
            process.send_signal(signal.SIGUSR1)
        done = {}
        for name, process in self.processes.items():
            process.wait(600)
            result = self.folder / f"{name}.json"
            log = (self.folder / f"{name}.log").read_text()
            done[name] = json.loads(result.read_text()) if result.exists() else None
            if log:
                print(f"{name}: {log[-3000:]}", flush=True)
        return done


class Server:
    """The Odoo server that the users work on."""

    def __init__(self, database, folder):
        self.log = Path(folder, "server.log")
        self.begun = 0
        self.process = subprocess.Popen(
            [
                *(sys.executable, PROGRAM, "-d", database),
                *("--db-filter", f"^{database}$", "--db_app_name=people"),
                *("--http-port", str(PORT), "--gevent-port", str(PORT + 1)),
                *("--workers", str(WORKERS), "--max-cron-threads", "0"),
                *("--logfile", str(self.log)),
            ],
            cwd=ROOT,
        )

    def __enter__(self):
        for _attempt in range(300):
            try:
                if requests.get(f"{URL}/web/login", timeout=60).ok:
                    return self
            except requests.ConnectionError:
                time.sleep(1)
        raise TimeoutError("The server did not answer")

    def __exit__(self, *_error):
        self.process.terminate()
        self.process.wait(60)

    def begin(self):
        """Ignore the log up to now, from the time when users logged in."""
        self.begun = self.log.stat().st_size

    def read_retries(self):
        """Return ``{error: count}`` of retried requests."""
        log = self.log.read_bytes()[self.begun :].decode()
        for query in BAD_QUERY.findall(log):
            print(f"done again: {query}", flush=True)
        found = RETRY.findall(log)
        return {name: found.count(name) for name in sorted(set(found))}


def make_database(driver, database):
    if FRESH:
        driver.drop(database)
    if driver.is_complete(database):
        return
    make_plain_database(driver)
    driver.copy(driver.plain, database)
    driver.odoo(
        "server",
        *("-d", database, "-i", ADDONS, "--no-http", "--stop-after-init"),
        "--log-level=warn",
    )
    driver.shell(database, "prepare")
    driver.shell(database, "activate")
    driver.shell(database, "run", after=0)
    driver.shell(database, "people", count=PEOPLE)
    driver.vacuum(database)
    driver.mark_complete(database)


def work(database, screens, with_background):
    """Run a phase, and return its figures."""
    with tempfile.TemporaryDirectory() as folder, Server(database, folder) as server:
        start = threading.Barrier(PEOPLE + 1)
        people = [
            SimulatedUser(URL, database, number, screens, start)
            for number in range(PEOPLE)
        ]
        background = Background(database, folder) if with_background else None
        try:
            if background:
                background.wait_until_ready()
            for user in people:
                user.start()
            start.wait(600)
            server.begin()
            with LockWatch(database) as watch:
                loads = _wait()
                for user in people:
                    user.stop.set()
                for user in people:
                    user.join(90)
        finally:
            done = background.end() if background else {}
        return {
            "seconds": SECONDS,
            **add_up(people),
            "retries": server.read_retries(),
            "lock waits": watch.found,
            "load average": [round(min(loads), 1), round(max(loads), 1)],
            "done beside": done,
        }


def _wait():
    """Wait for the duration of a phase; return the load averages."""
    loads = []
    for _part in range(max(SECONDS // 5, 1)):
        time.sleep(5)
        loads.append(os.getloadavg()[0])
    return loads


def main():
    driver = Driver(CUSTOMERS, ORDERS, keep=True)
    database = f"bench_load_{CUSTOMERS}_{ORDERS}"
    make_database(driver, database)
    driver.warm(database)
    screens = driver.shell(database, "screens")
    result = {"customers": CUSTOMERS, "orders": ORDERS, "people": PEOPLE}
    for name, with_background in SCENARIOS.items():
        result[name] = work(database, screens, with_background)
        print(json.dumps({name: result[name]}, indent=1), flush=True)
    (STATE / "bench" / f"{database}.json").write_text(json.dumps(result, indent=1))
    if len(SCENARIOS) == 2:
        print(format_tables(result))


if __name__ == "__main__":
    main()
