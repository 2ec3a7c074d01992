"""Comparison of one and two Odoo processes with the queue, on the same rows.

Each case uses a copy of one database without profiles: a run without the queue, with
one process, with two, and with two of which one is killed during the run. Each builds
all facts and stages, then does a nightly run after changes, with the same settings of
shards. The results must be the same.

A process is an Odoo server that does one job at a time, like a node with one worker for
jobs. A load balancer stands in front of them, because the job runner only knows one
address.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from .driver import ADDONS, ROOT

QUEUE_ADDONS = f"{ADDONS},crm_lifecycle_queue"
# Number of shards: enough for two processes to end at about the same time, but not
# more, because each shard reads all documents.
SHARDS = 4
# Share of orders that change before the night.
CHANGED = 0.01
# Timeouts in seconds, for the start of a process and the end of a run.
START_TIMEOUT = 120
RUN_TIMEOUT = 3600
# Advisory lock of the job runner of a database.
RUNNER_LOCK = 2293787760715711918
# Columns that depend on the run or on the order of work.
TECHNICAL = "id,create_uid,create_date,write_uid,write_date,facts_date,processed_at"
TABLES = {
    "crm_lifecycle_profile": """
        SELECT to_jsonb(t) - string_to_array('{technical}', ',')
               || jsonb_build_object('tags', (
                      SELECT array_agg(r.tag_id ORDER BY r.tag_id)
                        FROM crm_lifecycle_profile_tag_rel AS r
                       WHERE r.profile_id = t.id))
          FROM crm_lifecycle_profile AS t
    """,
    "crm_lifecycle_history": """
        SELECT to_jsonb(t) - string_to_array('{technical},profile_id,run_id', ',')
          FROM crm_lifecycle_history AS t
    """,
}


def measure(driver):
    """Return the figures of all cases (see `bench.plan.queue`)."""
    template = f"{driver.plain}_queue"
    make_template(driver, template)
    cases, rows = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for name, processes, victim in (
            ("plain", 0, False),
            ("one", 1, False),
            ("two", 2, False),
            ("killed", 2, True),
        ):
            database = f"{template}_{name}"
            driver.copy(template, database)
            print(f"queue: {name} ...", flush=True)
            cases[name] = measure_case(driver, database, processes, victim)
            print(f"queue: {name}: {json.dumps(cases[name])}", flush=True)
            rows[name] = dump_rows(driver, database, Path(folder, name))
            driver.drop(database)
        differs = {
            name: count_differences(rows["plain"], rows[name])
            for name in rows
            if name != "plain"
        }
    driver.drop(template)
    one, two = cases["one"], cases["two"]
    return {
        "one": one["build"],
        "two": two["build"],
        "differs": differs["one"] + differs["two"],
        "note": describe(cases, differs),
        "cases": cases,
        "differs_by_case": differs,
    }


def describe(cases, differs):
    """Return the figures as a text."""
    plain, one, two, killed = (cases[n] for n in ("plain", "one", "two", "killed"))
    return (
        f"Full build and first run of {plain['profiles']:,} profiles in "
        f"{two['shards']} shards, one job at a time in each process: "
        f"{plain['build']:.1f} s without the queue, {one['build']:.1f} s with one "
        f"process, {two['build']:.1f} s with two; a night with 1 % of the orders "
        f"changed: {plain['night']:.1f}, {one['night']:.1f} and {two['night']:.1f} s. "
        f"With one of two processes killed during the run: {killed['build']:.1f} s, "
        f"{differs['killed']} rows differ."
    )


# ------------------------------------------------------------
# Databases
# ------------------------------------------------------------


def make_template(driver, template):
    """Install our addons with the generated rows, and activate the lifecycles."""
    driver.copy(driver.plain, template)
    driver.odoo(
        "server",
        *("-d", template, "-i", QUEUE_ADDONS, "--no-http", "--stop-after-init"),
        "--log-level=warn",
    )
    driver.shell(template, "prepare")
    driver.shell(template, "activate")
    driver.vacuum(template)


def dump_rows(driver, database, path):
    """Write the sorted hashes of all rows to one file per table; return the files."""
    files = {}
    for table, query in TABLES.items():
        files[table] = Path(f"{path}.{table}")
        query = query.format(technical=TECHNICAL)
        rows = f"SELECT md5(r::text) FROM ({query}) AS q (r) ORDER BY 1"
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database]
        with open(files[table], "w") as target:
            subprocess.run(
                [*command, "-c", f"COPY ({rows}) TO STDOUT"], check=True, stdout=target
            )
    return files


def count_differences(left, right):
    """Return the number of rows that only one of two databases has."""
    return sum(
        subprocess.run(
            ["comm", "-3", "--nocheck-order", left[table], right[table]],
            check=True,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C"},
        ).stdout.count(b"\n")
        for table in TABLES
    )


# ------------------------------------------------------------
# One case
# ------------------------------------------------------------


def measure_case(driver, database, processes, victim):
    """Do a full build and a nightly run; return seconds and counts.

    :param processes: number of processes with the queue; 0 to run without it
    :param victim: whether to kill a process during the build
    """
    with serve(driver, database, processes) as servers:
        killer = None
        if victim:
            killer = threading.Thread(
                target=kill_at_work, args=(driver, database, servers[0])
            )
            killer.start()
        build = start(driver, database, after=0)
        if killer:
            killer.join()
        driver.vacuum(database)
        driver.shell(database, "change", count=round(driver.orders * CHANGED), after=1)
        night = start(driver, database, after=1)
    [workers] = driver.sql(
        database,
        "SELECT COUNT(DISTINCT worker_pid) FROM queue_job "
        "WHERE channel = 'root.lifecycle' AND state = 'done'",
    )
    return {
        "build": build["seconds"],
        "night": night["seconds"],
        "profiles": build["profiles"],
        "moved": build["moved"],
        "night_moved": night["moved"],
        "shards": build["shards"],
        "failed_shards": build["failed_shards"],
        "tries": build["tries"],
        "processes_used": int(workers),
    }


def start(driver, database, after):
    """Start the runs of both companies in the Odoo shell, and wait for their end."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "result.json")
        parameters = {"after": after, "output": str(output)}
        script = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
            "from bench.queue import run_and_wait\n"
            f"run_and_wait(env, **{parameters!r})\n"
        )
        driver.odoo(
            "shell",
            *("-d", database, "--no-http", "--log-level=warn"),
            input=script,
            text=True,
        )
        # The shell exits with 0 even if the script raises.
        if not output.exists():
            raise RuntimeError("the runs failed (see above)")
        return json.loads(output.read_text())


def run_and_wait(env, after, output):
    """In the Odoo shell: start a run of each company, and wait until all are done."""
    from .steps.common import get_companies, get_day

    set_parameter = env["ir.config_parameter"].set_param
    set_parameter("crm_lifecycle_queue.threshold", "0")
    day = get_day(env, after)
    companies = get_companies(env)
    env.cr.execute("SELECT COUNT(DISTINCT partner_id) FROM sale_order")
    subjects = env.cr.fetchone()[0]
    size = max(1, subjects // SHARDS)
    set_parameter("crm_lifecycle_queue.shard_size", str(size))
    env.cr.commit()
    runs = env["crm.lifecycle.run"]
    started = time.monotonic()
    for company in companies:
        runs |= env["crm.lifecycle"]._run(
            company, day, checkpoint=lambda done, remaining: env.cr.commit()
        )
        env.cr.commit()
    while "running" in runs.mapped("state"):
        if time.monotonic() - started > RUN_TIMEOUT:
            raise RuntimeError("the runs have not ended")
        time.sleep(0.1)
        env.cr.rollback()
        env.invalidate_all()
    seconds = time.monotonic() - started
    if set(runs.mapped("state")) != {"done"}:
        raise RuntimeError(runs.mapped("error"))
    shards = runs.child_ids
    env.cr.execute("SELECT COUNT(*) FROM crm_lifecycle_profile")
    result = {
        "seconds": seconds,
        "profiles": env.cr.fetchone()[0],
        "moved": sum(runs.mapped("moved_count")),
        "shards": len(shards),
        "failed_shards": len(shards.filtered(lambda shard: shard.state == "failed")),
        "tries": max([0, *(runs | shards)._get_jobs().mapped("retry")]),
    }
    Path(output).write_text(json.dumps(result))


# ------------------------------------------------------------
# Processes
# ------------------------------------------------------------


@contextlib.contextmanager
def serve(driver, database, count):
    """Run ``count`` Odoo servers with the queue behind a load balancer."""
    if not count:
        yield []
        return
    ports = find_ports(count + 1)
    balancer = Balancer(ports[0], ports[1:])
    servers = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for port in ports[1:]:
                with open(Path(folder, f"{port}.log"), "w") as log:
                    servers.append(start_server(database, count, ports[0], port, log))
            wait_until_ready(driver, database, ports[1:], servers, folder)
            yield servers
        finally:
            for server in servers:
                server.terminate()
            for server in servers:
                try:
                    server.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    server.kill()
            balancer.stop()


def start_server(database, count, balancer_port, port, log):
    environment = {
        **os.environ,
        "ODOO_QUEUE_JOB_CHANNELS": f"root:{count},root.lifecycle:{count}",
        "ODOO_QUEUE_JOB_HOST": "127.0.0.1",
        "ODOO_QUEUE_JOB_PORT": str(balancer_port),
    }
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "odoo", "server", "-d", database),
            *("--http-interface=127.0.0.1", f"--http-port={port}"),
            "--load=base,rpc,web,queue_job",
            *("--workers=0", "--max-cron-threads=0", "--log-level=warn"),
        ],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )


def find_ports(count):
    """Return free ports."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _number in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def wait_until_ready(driver, database, ports, servers, folder):
    """Wait until all servers respond and one of their job runners is active."""
    deadline = time.monotonic() + START_TIMEOUT
    while not (all(map(answers, ports)) and is_queue_served(driver, database)):
        dead = any(server.poll() is not None for server in servers)
        if dead or time.monotonic() > deadline:
            logs = "\n".join(p.read_text()[-2000:] for p in Path(folder).glob("*.log"))
            raise RuntimeError(f"the Odoo servers did not start:\n{logs}")
        time.sleep(0.5)


def answers(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/web/health", timeout=5):
            return True
    except OSError:
        return False


def is_queue_served(driver, database):
    return bool(
        driver.sql(
            database,
            "SELECT 1 FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database "
            "WHERE d.datname = current_database() AND l.locktype = 'advisory' "
            f"AND (l.classid::bigint << 32 | l.objid::bigint) = {RUNNER_LOCK}",
        )
    )


def kill_at_work(driver, database, victim):
    """Kill a server in the middle of a job."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        [busy] = driver.sql(
            database,
            "SELECT COUNT(*) FROM queue_job WHERE state = 'started' "
            f"AND worker_pid = {victim.pid}",
        )
        if int(busy):
            time.sleep(0.3)
            victim.send_signal(signal.SIGKILL)
            return
        time.sleep(0.1)


class Balancer:
    """Forward each connection to the server with the fewest open connections.

    The connection to the server stays open until the server responds, because the job
    runner disconnects after a second while the job continues.
    """

    def __init__(self, port, backends):
        self._open = dict.fromkeys(backends, 0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._pass_on, "127.0.0.1", port), self._loop
        ).result()

    def stop(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _pass_on(self, reader, writer):
        for backend in sorted(self._open, key=self._open.get):
            # Count the connection before awaiting, since two may arrive at once.
            self._open[backend] += 1
            try:
                upstream = await asyncio.open_connection("127.0.0.1", backend)
                await self._exchange(reader, writer, *upstream)
                upstream[1].close()
                break
            except OSError:
                continue
            finally:
                self._open[backend] -= 1
        writer.close()

    async def _exchange(self, reader, writer, up_reader, up_writer):
        """Forward a request, then the response until the client disconnects."""
        with contextlib.suppress(OSError):
            up_writer.write(await reader.readuntil(b"\r\n\r\n"))
            while data := await up_reader.read(65536):
                if writer.is_closing() or reader.at_eof():
                    return
                writer.write(data)
                await writer.drain()
