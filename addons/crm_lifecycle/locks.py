"""Advisory locks of runs, by company; see `base_background_task.locks`."""

from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.base_background_task.locks import get_held_keys, try_lock, unlock

__all__ = [
    "RUN",
    "SHARD",
    "RunUnderWay",
    "detect_dead_client",
    "get_held_keys",
    "try_lock",
    "unlock",
]

# The kinds of locks: a run and its shards, by the id of their company.
RUN = 1_129_464_405
SHARD = 1_129_464_406

# How often the server checks during a long statement that its client is alive.
CHECK_MS = 500


class RunUnderWay(UserError):
    """Another run of the company is under way. Nothing has been written."""


def detect_dead_client(cr):
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
