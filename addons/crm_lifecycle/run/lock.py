"""One run of a company at a time: a lock that ends with its process.

A run holds the lock of its company, and its shards hold theirs. The locks belong to
connections. So a run is dead once no connection holds the locks of its company, on any
server, and the next call takes over at once.
"""

import time
from contextlib import contextmanager

from .. import locks

# How long a run waits for another run that may be about to end, or that has just lost
# its process, and how often it checks, in seconds.
MAX_WAIT = 2
POLL_INTERVAL = 0.05


@contextmanager
def lock_runs(company, checkpoint=None):
    """Hold the run lock of a company, with a fresh snapshot of the database.

    Without a ``checkpoint``, the lock is held until the end of the caller's
    transaction: others see none of its changes before, and its snapshot stays the same.

    :raises RunUnderWay: if another run of the company is under way
    """
    env, cr = company.env, company.env.cr
    is_session_lock = checkpoint is not None
    deadline = time.monotonic() + MAX_WAIT
    while not locks.try_lock(
        cr, locks.RUN, company.id, transaction=not is_session_lock
    ):
        _wait_for_run(company, deadline)
    try:
        while env["crm.lifecycle.run"]._has_remote_workers(company):
            _wait_for_run(company, deadline)
        if is_session_lock:
            locks.detect_dead_client(cr)
            checkpoint(0, 0)
            env.invalidate_all()
        yield
    finally:
        if is_session_lock:
            locks.unlock(cr, locks.RUN, company.id)


@contextmanager
def lock_shard(company, *, is_run_held=False):
    """Hold the shard lock of a company, along with other shards.

    :param is_run_held: the process of their run holds the run lock meanwhile
    :raises RunUnderWay: if a run that they do not belong to is under way
    """
    cr = company.env.cr
    deadline = time.monotonic() + MAX_WAIT
    locks.try_lock(cr, locks.SHARD, company.id, shared=True)
    try:
        locks.detect_dead_client(cr)
        while not is_run_held and company.id in locks.get_held_keys(
            cr, locks.RUN, by_others=True
        ):
            _wait_for_run(company, deadline)
        yield
    finally:
        locks.unlock(cr, locks.SHARD, company.id, shared=True)


def _wait_for_run(company, deadline):
    """Wait a moment for the run under way.

    :raises RunUnderWay: after the ``deadline``
    """
    if time.monotonic() >= deadline:
        Run = company.env["crm.lifecycle.run"]
        raise locks.RunUnderWay(Run._get_under_way_text(company))
    time.sleep(POLL_INTERVAL)


def wait_for_end(is_under_way):
    """Return whether ``is_under_way()`` turns false within a moment.

    The server takes a moment to notice that a process has died.
    """
    deadline = time.monotonic() + MAX_WAIT
    while is_under_way():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_INTERVAL)
    return True
