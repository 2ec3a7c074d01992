"""Figures of a phase: response times by kind of call, and lock waits."""

import statistics
import threading
from collections import defaultdict

import psycopg2

# Maximum acceptable response time, in seconds.
SLOW_SECONDS = 2
POLL_SECONDS = 0.1
BLOCKED = """
    SELECT a.pid, a.application_name, b.application_name, left(a.query, 120),
           b.state, left(b.query, 120), extract(epoch FROM now() - a.query_start)
      FROM pg_stat_activity AS a
CROSS JOIN unnest(pg_blocking_pids(a.pid)) AS blocking (pid)
      JOIN pg_stat_activity AS b ON b.pid = blocking.pid
     WHERE a.datname = current_database() AND a.wait_event_type = 'Lock'
"""


class LockWatch(threading.Thread):
    """Record lock waits between processes, ten times a second.

    The application name identifies a process: ``people`` is the server, the others are
    the background processes.
    """

    def __init__(self, database):
        super().__init__(daemon=True)
        self.database = database
        self.ended = threading.Event()
        self.found = {}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_error):
        self.ended.set()
        self.join()

    def run(self):
        connection = psycopg2.connect(dbname=self.database)
        connection.autocommit = True
        with connection.cursor() as cr:
            while not self.ended.wait(POLL_SECONDS):
                cr.execute(BLOCKED)
                for row in cr.fetchall():
                    self._note(*row)
        connection.close()

    def _note(self, _pid, blocked, by, query, state, holder, seconds):
        known = self.found.setdefault(
            f"{blocked} for {by}", {"seconds": 0, "longest": 0}
        )
        known["seconds"] = round(known["seconds"] + POLL_SECONDS, 1)
        seconds = round(float(seconds or 0), 2)
        if seconds >= known["longest"]:
            known.update(longest=seconds, query=query, holder=f"{state}: {holder}")


def add_up(people):
    """Return figures of all response times, in total and by kind of call."""
    kinds = defaultdict(list)
    for user in people:
        for what, wait in user.waits:
            kinds[what].append(wait)
    waits = [wait for part in kinds.values() for wait in part]
    failures = [failure for user in people for failure in user.failures]
    return {
        **_describe(waits),
        "failures": len(failures),
        "what failed": failures[:5],
        "refused moves": sum(user.refused_moves for user in people),
        "kinds": {what: _describe(kinds[what]) for what in sorted(kinds)},
    }


def _describe(waits):
    waits = sorted(waits)
    return {
        "requests": len(waits),
        "median": round(statistics.median(waits), 3),
        "p95": round(waits[int(len(waits) * 0.95)], 3),
        "worst": round(waits[-1], 2),
        f"over {SLOW_SECONDS} s": sum(wait > SLOW_SECONDS for wait in waits),
    }


def format_tables(result):
    """Return the figures as tables."""
    over = f"over {SLOW_SECONDS} s"
    alone, together = result["alone"], result["together"]
    lines = [
        "",
        "| | alone | with all else |",
        "|---|---:|---:|",
        *(
            f"| {name} | {alone[name]} | {together[name]} |"
            for name in ("requests", "failures", "median", "p95", "worst", over)
        ),
        *(
            f"| {name} | {_inline(alone[name])} | {_inline(together[name])} |"
            for name in ("retries", "load average")
        ),
        "",
        "| seconds: median, p95, worst | alone | with all else | over 2 s |",
        "|---|---:|---:|---:|",
    ]
    for what, part in together["kinds"].items():
        before = alone["kinds"].get(what)
        lines.append(
            f"| {what} | {_three(before)} | {_three(part)} "
            f"| {before[over] if before else 0}, {part[over]} |"
        )
    return "\n".join([*lines, "", f"Lock waits: {_inline(together['lock waits'])}"])


def _three(part):
    return part and f"{part['median']:.2f}, {part['p95']:.2f}, {part['worst']:.2f}"


def _inline(value):
    if isinstance(value, dict):
        return "; ".join(f"{name} {_inline(part)}" for name, part in value.items()) or 0
    if isinstance(value, list):
        return " to ".join(map(str, value))
    return value
