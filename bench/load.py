"""What people wait for while everything else goes on.

Eight people work on contacts, orders and the kanban of customers by the calls that the
web client makes, against two workers of a server. Beside them, each in a process of its
own and without a pause: nights of the lifecycle after orders have changed, the job of
actions, and postings of points. First comes a while without these, to compare with.
"""

import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import requests

from .driver import ROOT, Driver
from .plan import make_plain

CUSTOMERS = int(os.environ.get("LOAD_CUSTOMERS") or 200_000)
ORDERS = int(os.environ.get("LOAD_ORDERS") or 600_000)
SECONDS = int(os.environ.get("LOAD_SECONDS") or 180)
FRESH = bool(os.environ.get("LOAD_FRESH"))
PORT = int(os.environ.get("ODOO_PORT") or 8079)
PEOPLE = 8
WORKERS = 2
ADDONS = "crm_lifecycle_sale,crm_loyalty_sale,crm_lifecycle_loyalty"
BACKGROUND = ("night", "actions", "points")
# A wait that nobody should have because of us.
PATIENCE = 2
# People look at what came for so long before they go on.
PAUSE = (0.2, 1.0)
RETRY = re.compile(r"tries left|will be retried|Retry", re.IGNORECASE)
URL = f"http://127.0.0.1:{PORT}"


class Refused(Exception):
    """The server answered with an error."""


class Person(threading.Thread):
    """Somebody who clicks around until told to stop, and notes how long it took."""

    def __init__(self, database, number, stop):
        super().__init__(daemon=True)
        self.random = random.Random(number)
        self.number = number
        self.database = database
        self.stop = stop
        self.waits = []  # (what, seconds)
        self.failures = []
        self.session = requests.Session()

    def run(self):
        self._log_in()
        self.partner_ids = self._call(
            "res.partner", "search", [[("lifecycle_stage_id", "!=", False)]], limit=2000
        )
        works = (self.look_at_contacts, self.order, self.work_on_kanban)
        while not self.stop.is_set():
            work = self.random.choice(works)
            try:
                work()
            except (Refused, requests.RequestException) as error:
                self.failures.append(f"{work.__name__}: {error}")
            self.stop.wait(self.random.uniform(*PAUSE))

    # ------------------------------------------------------------
    # Calls
    # ------------------------------------------------------------

    def _post(self, path, params):
        answer = self.session.post(
            URL + path, json={"jsonrpc": "2.0", "params": params}, timeout=60
        ).json()
        if "error" in answer:
            data = answer["error"].get("data", {})
            raise Refused(f"{data.get('name')}: {data.get('message')}")
        return answer["result"]

    def _log_in(self):
        login = f"load_{self.number}"
        self._post(
            "/web/session/authenticate",
            {"db": self.database, "login": login, "password": login},
        )

    def _call(self, model, method, args, **kwargs):
        started = time.monotonic()
        try:
            return self._post(
                f"/web/dataset/call_kw/{model}/{method}",
                {"model": model, "method": method, "args": args, "kwargs": kwargs},
            )
        finally:
            self.waits.append((f"{model} {method}", time.monotonic() - started))

    # ------------------------------------------------------------
    # Work
    # ------------------------------------------------------------

    def look_at_contacts(self):
        """A page of the list, by stage; then a contact, its customer, and a note."""
        shown = {"display_name": {}, "lifecycle_stage_id": {"fields": {}}, "email": {}}
        self._call(
            "res.partner",
            "web_search_read",
            [[("lifecycle_category", "in", ["customer", "loyal", "at_risk"])]],
            specification=shown,
            limit=80,
            offset=80 * self.random.randrange(50),
            count_limit=10001,
        )
        partner_id = self.random.choice(self.partner_ids)
        self._call("res.partner", "web_read", [[partner_id]], specification=shown)
        self._call("crm.lifecycle.profile", "get_overview", ["res.partner", partner_id])
        note = f"Called, {self.random.random()}"
        self._call("res.partner", "write", [[partner_id], {"comment": note}])

    def order(self):
        """A quotation is made, looked at and confirmed, most of the time."""
        [order_id] = self._call(
            "sale.order",
            "create",
            [[{"partner_id": self.random.choice(self.partner_ids)}]],
        )
        self._call(
            "sale.order",
            "web_read",
            [[order_id]],
            specification={"name": {}, "lifecycle_stage_id": {"fields": {}}},
        )
        if self.random.random() < 0.8:
            self._call(
                "sale.order",
                "write",
                [[order_id], {"order_line": [(0, 0, self._get_line())]}],
            )
            self._call("sale.order", "action_confirm", [[order_id]])

    def _get_line(self):
        return {
            "name": "Load",
            "product_id": self.product_id,
            "product_uom_qty": 1,
            "price_unit": self.random.randrange(10, 200),
        }

    def work_on_kanban(self):
        """The columns, the cards of one of them, and a card that is moved."""
        Profile = "crm.lifecycle.profile"
        domain = [("stage_id", "!=", False)]
        groups = self._call(
            Profile, "formatted_read_group", [domain, ["stage_id"], ["__count"]]
        )
        stage_ids = [group["stage_id"][0] for group in groups]
        cards = self._call(
            Profile,
            "web_search_read",
            [[("stage_id", "=", self.random.choice(stage_ids))]],
            specification={"display_name": {}, "follow_up_date": {}, "color": {}},
            limit=40,
        )["records"]
        if cards:
            card_id = self.random.choice(cards)["id"]
            self._call(
                Profile, "write", [[card_id], {"note": f"Seen by {self.number}"}]
            )
            stage_id = self.random.choice(stage_ids)
            try:
                self._call(Profile, "write", [[card_id], {"stage_id": stage_id}])
            except Refused as refusal:
                # Not each move is allowed by the lifecycle: that is an answer.
                if "UserError" not in str(refusal):
                    raise


# ------------------------------------------------------------
# Beside them
# ------------------------------------------------------------


class Background:
    """Processes that work without a pause, and tell how much at the end."""

    def __init__(self, database, folder):
        self.processes = {}
        for name in BACKGROUND:
            environment = {
                **os.environ,
                "BENCH_ROOT": str(ROOT),
                "LOAD_WORK": name,
                "LOAD_RESULT": str(Path(folder, f"{name}.json")),
            }
            log = open(Path(folder, f"{name}.log"), "w")  # noqa: SIM115 - the process's
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "odoo", "shell", "-d", database, "--no-http"],
                cwd=ROOT,
                env=environment,
                stdin=open(ROOT / "bench" / "load_background.py"),  # noqa: SIM115
                stdout=log,
                stderr=log,
            )
        self.folder = Path(folder)

    def end(self):
        """Have them finish what they are at; return what they did."""
        for process in self.processes.values():
            process.send_signal(signal.SIGUSR1)
        done = {}
        for name, process in self.processes.items():
            process.wait(600)
            result = self.folder / f"{name}.json"
            done[name] = json.loads(result.read_text()) if result.exists() else None
            if done[name] is None:
                print((self.folder / f"{name}.log").read_text()[-3000:])
        return done


# ------------------------------------------------------------
# The measurement
# ------------------------------------------------------------


def make_database(driver, database):
    if FRESH:
        driver.drop(database)
    if driver.exists(database):
        return
    make_plain(driver)
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
    driver.settle(database)


def work(driver, database, seconds, with_background):
    """Let people work for a while; return figures."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "server.log")
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "odoo", "server", "-d", database),
                *("--db-filter", f"^{database}$", "--http-port", str(PORT)),
                *("--workers", str(WORKERS), "--max-cron-threads", "0"),
                *("--logfile", str(log)),
            ],
            cwd=ROOT,
        )
        try:
            wait_for_server()
            product_id = int(driver.sql(database, PRODUCT)[0])
            background = Background(database, folder) if with_background else None
            stop = threading.Event()
            people = [Person(database, number, stop) for number in range(PEOPLE)]
            for person in people:
                person.product_id = product_id
                person.start()
            loads = []
            for _second in range(seconds // 5):
                time.sleep(5)
                loads.append(os.getloadavg()[0])
            stop.set()
            for person in people:
                person.join(90)
            done = background.end() if background else {}
        finally:
            server.terminate()
            server.wait(60)
        retries = len(RETRY.findall(log.read_text()))
    return add_up(people, seconds, loads, retries, done)


PRODUCT = """
    SELECT MIN(p.id) FROM product_product AS p JOIN product_template AS t
        ON t.id = p.product_tmpl_id WHERE t.default_code = 'LOAD'
"""


def wait_for_server():
    for _attempt in range(300):
        try:
            if requests.get(f"{URL}/web/login", timeout=60).ok:
                return
        except requests.ConnectionError:
            time.sleep(1)
    raise TimeoutError("The server did not answer")


def add_up(people, seconds, loads, retries, done):
    waits = sorted(wait for person in people for _what, wait in person.waits)
    slow = {}
    for person in people:
        for what, wait in person.waits:
            slow[what] = max(slow.get(what, 0), wait)
    failures = [failure for person in people for failure in person.failures]
    return {
        "seconds": seconds,
        "requests": len(waits),
        "failures": len(failures),
        "what failed": failures[:5],
        "median": round(statistics.median(waits), 3),
        "p95": round(waits[int(len(waits) * 0.95)], 3),
        "p99": round(waits[int(len(waits) * 0.99)], 3),
        "worst": round(waits[-1], 2),
        f"over {PATIENCE} s": sum(wait > PATIENCE for wait in waits),
        "slowest": {
            what: round(wait, 2)
            for what, wait in sorted(slow.items(), key=lambda row: -row[1])[:5]
        },
        "retries": retries,
        "load": [round(min(loads), 1), round(max(loads), 1)],
        "done beside": done,
    }


def main():
    driver = Driver(CUSTOMERS, ORDERS, keep=True)
    database = f"bench_load_{CUSTOMERS}_{ORDERS}"
    make_database(driver, database)
    result = {"customers": CUSTOMERS, "orders": ORDERS, "people": PEOPLE}
    for name, with_background in (("alone", False), ("together", True)):
        result[name] = work(driver, database, SECONDS, with_background)
        print(json.dumps({name: result[name]}, indent=1), flush=True)
    (ROOT / "bench" / "LOAD.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
