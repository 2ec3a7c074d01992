"""Advisory locks of PostgreSQL, which show whether the process that works is alive.

A lock has a kind and a key, such as the id of a task. A session's lock outlives commits
and goes with its connection, thus with its process, however that ends. A transaction's
lock goes with the transaction. Both count: a session that locks twice has to unlock
twice, and never waits for itself.
"""

from contextlib import suppress

import psycopg2
from psycopg2 import errors

from odoo.tools import SQL

# The kind of lock of a background task; its key is the id of the task.
TASK = 1_129_464_404


def try_lock(cr, kind, key, *, shared=False, transaction=False):
    """Take a lock without waiting. Return whether it was free.

    :param shared: allow other sessions to hold the lock too, if they take it shared
    :param transaction: hold it to the end of the transaction, not of the session
    """
    name = "pg_try_advisory{}_lock{}".format(
        "_xact" if transaction else "", "_shared" if shared else ""
    )
    cr.execute(SQL("SELECT %s(%s, %s)", SQL.identifier(name), kind, key))
    return cr.fetchone()[0]


def unlock(cr, kind, key, *, shared=False):
    """Release a session's lock. With a lost connection it is gone already.

    A transaction that has failed is rolled back first: nothing of it can be kept.
    """
    name = "pg_advisory_unlock_shared" if shared else "pg_advisory_unlock"
    query = SQL("SELECT %s(%s, %s)", SQL.identifier(name), kind, key)
    with suppress(psycopg2.OperationalError, psycopg2.InterfaceError):
        try:
            cr.execute(query, log_exceptions=False)
        except errors.InFailedSqlTransaction:
            cr.rollback()
            cr.execute(query)


def get_held_keys(cr, kind, *, by_others=False):
    """Return the keys of the locks of a kind that are held in this database.

    :param by_others: leave out those of this session
    """
    cr.execute(
        SQL(
            """
            SELECT DISTINCT l.objid::bigint
              FROM pg_locks AS l
              JOIN pg_database AS d ON d.oid = l.database
             WHERE d.datname = current_database() AND l.granted
               AND l.locktype = 'advisory' AND l.objsubid = 2
               AND l.classid::bigint = %s AND (NOT %s OR l.pid <> pg_backend_pid())
            """,
            kind,
            by_others,
        )
    )
    return {key for [key] in cr.fetchall()}
