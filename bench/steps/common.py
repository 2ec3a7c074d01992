"""Common functions of the steps."""

from datetime import timedelta

from ..generate import AS_OF


def get_companies(env):
    """Return the companies with generated customers."""
    return env["res.company"].search([], order="id", limit=2)


def get_last_day(env):
    """Return the day of the last run, or else the last day of the generated rows."""
    env.cr.execute("SELECT COALESCE(MAX(as_of), %s) FROM crm_lifecycle_run", [AS_OF])
    return env.cr.fetchone()[0]


def get_day(env, after):
    """Return the day ``after`` days after the last run."""
    return get_last_day(env) + timedelta(days=after)


def count_rows(env, table, where="TRUE"):
    env.cr.execute(f"SELECT COUNT(*) FROM {table} WHERE {where}")
    return env.cr.fetchone()[0]
