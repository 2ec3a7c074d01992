"""Measurement of seconds, queries and memory."""

import gc
import statistics
import time
from pathlib import Path


def best_of(count, work):
    """Return the shortest duration of ``count`` calls of ``work()``, in seconds."""
    return min(seconds_of(work) for _attempt in range(count))


def median_of(count, work):
    return statistics.median(seconds_of(work) for _attempt in range(count))


def seconds_of(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def count_queries(env, work):
    """Return the number of queries of ``work()``, including its flush."""
    env.flush_all()
    env.cr.flush()
    before = env.cr.sql_log_count
    work()
    env.flush_all()
    env.cr.flush()
    return env.cr.sql_log_count - before


class MemoryWatch:
    """Measure the peak memory of this process in a block, above the memory before it.

    The kernel records the peak, and resets it on request.
    """

    def __enter__(self):
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")
        self.idle = self._read("VmRSS")
        return self

    def __exit__(self, *_error):
        self.peak = self._read("VmHWM")

    @staticmethod
    def _read(name):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
        raise LookupError(name)

    def as_result(self):
        """Return the figures in MB."""
        return {
            "idle": round(self.idle),
            "peak": round(self.peak),
            "over": round(self.peak - self.idle),
        }
