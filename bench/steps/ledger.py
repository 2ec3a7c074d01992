"""The ledger of purchases: filling it, its size, and the sums of all customers."""

from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine.scope import ALL_TOPICS, Scope

from ..measure import best_of, seconds_of
from .common import count_rows, get_companies, get_day


def measure_ledger(env):
    """Time the first reading of all orders, and measure both tables on disk."""
    Channel = env["crm.lifecycle.purchase.channel"]
    seconds = seconds_of(lambda: Channel._update_ledger(ALL_TOPICS))
    env.cr.commit()
    env.cr.execute(
        "SELECT pg_total_relation_size('crm_lifecycle_purchase'), "
        "pg_total_relation_size('sale_order')"
    )
    size, order_size = env.cr.fetchone()
    return {
        "seconds": seconds,
        "rows": count_rows(env, "crm_lifecycle_purchase"),
        "bytes": size,
        "order_bytes": order_size,
    }


def measure_sums(env):
    """Time the statement that sums up the purchases of all customers, best of three."""
    Source = env["crm.lifecycle.source.purchase"]
    queries = [
        SQL(
            "SELECT COUNT(*) FROM (%s OFFSET 0) AS sums",
            Source._get_sums(Scope(company.id, get_day(env, 0), "UTC")),
        )
        for company in get_companies(env)
    ]

    def look():
        for query in queries:
            env.cr.execute(query)

    look()
    return {"seconds": best_of(3, look)}
