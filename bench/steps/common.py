"""Shared by the steps."""

from datetime import timedelta

from ..generate import AS_OF


def get_companies(env):
    """Return the companies that have generated customers."""
    return env["res.company"].search([], order="id", limit=2)


def get_last_day(env):
    """Return the day of the last run, or that on which the generated rows end."""
    env.cr.execute("SELECT COALESCE(MAX(as_of), %s) FROM crm_lifecycle_run", [AS_OF])
    return env.cr.fetchone()[0]


def get_day(env, after):
    """Return the day so many days after the last run."""
    return get_last_day(env) + timedelta(days=after)


def count_rows(env, table, where="TRUE"):
    env.cr.execute(f"SELECT COUNT(*) FROM {table} WHERE {where}")
    return env.cr.fetchone()[0]
