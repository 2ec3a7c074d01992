"""One run of a company at a time: the lock that lives as long as its process.

A run holds the lock of its company, and its shards hold theirs. The locks belong to
connections. So a run is dead once no connection holds its company's locks, on
whichever server it was, and the next call takes over at once.
"""

import time
from contextlib import contextmanager

from .. import locks

# How long a run waits for another one that may be about to end, or of which the
# process has just died, and how often it looks, in seconds.
WAIT = 2
PACE = 0.05


@contextmanager
def hold_run(company, checkpoint=None):
    """Hold the lock of a company's runs, with a fresh view of the database.

    Without a ``checkpoint``, the lock is held to the end of the caller's
    transaction, which others see nothing of before, and in which the view stays.

    :raises RunUnderWay: where another run of the company is under way
    """
    env, cr = company.env, company.env.cr
    kept = checkpoint is not None
    deadline = time.monotonic() + WAIT
    while not locks.try_lock(cr, locks.RUN, company.id, transaction=not kept):
        _wait_for_run(company, deadline)
    try:
        while env["crm.lifecycle.run"]._get_under_way(company):
            _wait_for_run(company, deadline)
        if kept:
            locks.notice_death(cr)
            checkpoint(0, 0)
            env.invalidate_all()
        yield
    finally:
        if kept:
            locks.unlock(cr, locks.RUN, company.id)


@contextmanager
def share_run(company, *, is_run_held=False):
    """Hold the lock of a company's shards, beside other shards.

    :param is_run_held: the process of their run holds its lock meanwhile
    :raises RunUnderWay: where a run that they don't belong to is under way
    """
    cr = company.env.cr
    deadline = time.monotonic() + WAIT
    locks.try_lock(cr, locks.SHARD, company.id, shared=True)
    try:
        locks.notice_death(cr)
        while not is_run_held and company.id in locks.get_held(
            cr, locks.RUN, by_others=True
        ):
            _wait_for_run(company, deadline)
        yield
    finally:
        locks.unlock(cr, locks.SHARD, company.id, shared=True)


def _wait_for_run(company, deadline):
    """Wait a moment for the run under way.

    :raises RunUnderWay: where it is past the ``deadline``
    """
    if time.monotonic() >= deadline:
        Run = company.env["crm.lifecycle.run"]
        raise locks.RunUnderWay(Run._get_under_way_text(company))
    time.sleep(PACE)


def ends_soon(is_under_way):
    """Return whether ``is_under_way()`` turns false within a moment.

    The server takes a moment to notice that a process has died.
    """
    deadline = time.monotonic() + WAIT
    while is_under_way():
        if time.monotonic() >= deadline:
            return False
        time.sleep(PACE)
    return True
