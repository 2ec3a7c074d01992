"""Advisory locks of PostgreSQL, which show whether work is still alive.

A lock has a kind and a key, such as the id of a company. A session lock outlives
commits and ends with its connection, and so with its process, however that ends. A
transaction lock ends with its transaction. Both are counted: a session that locks twice
must unlock twice, and never waits for itself.
"""

from contextlib import suppress

import psycopg2
from psycopg2 import errors

from odoo.exceptions import UserError
from odoo.tools import SQL

# The kinds: a background task, by its id; a run and its shards, by company.
TASK = 1_129_464_404
RUN = 1_129_464_405
SHARD = 1_129_464_406

# How often the server checks during a long statement that its client is alive.
CHECK_MS = 500


class RunUnderWay(UserError):
    """Another run of the company is under way. Nothing has been written."""


def try_lock(cr, kind, key, *, shared=False, transaction=False):
    """Take a lock without waiting. Return whether it was free.

    :param shared: allow other shared locks beside it
    :param transaction: hold it until the end of the transaction, not of the session
    """
    name = "pg_try_advisory{}_lock{}".format(
        "_xact" if transaction else "", "_shared" if shared else ""
    )
    cr.execute(SQL("SELECT %s(%s, %s)", SQL.identifier(name), kind, key))
    return cr.fetchone()[0]


def unlock(cr, kind, key, *, shared=False):
    """Release a session lock. With a lost connection it is already gone.

    A failed transaction is rolled back first: nothing of it can be kept.
    """
    name = "pg_advisory_unlock_shared" if shared else "pg_advisory_unlock"
    query = SQL("SELECT %s(%s, %s)", SQL.identifier(name), kind, key)
    with suppress(psycopg2.OperationalError, psycopg2.InterfaceError):
        try:
            cr.execute(query, log_exceptions=False)
        except errors.InFailedSqlTransaction:
            cr.rollback()
            cr.execute(query)


def get_held(cr, kind, *, by_others=False):
    """Return the keys of the locks of a kind that are held in this database.

    :param by_others: exclude the locks of this session
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


def notice_death(cr):
    """Have the server end this session soon after its client has died.

    Otherwise the server first finishes its statement, and holds its locks meanwhile.
    PostgreSQL 13 does not support this.
    """
    cr.execute(
        SQL(
            "SELECT set_config(name, %s, FALSE) FROM pg_settings "
            "WHERE name = 'client_connection_check_interval'",
            str(CHECK_MS),
        )
    )
