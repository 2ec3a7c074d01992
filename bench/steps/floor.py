"""One aggregate over all orders, as the lower bound of any run."""

from ..measure import best_of

FLOOR = """
    SELECT partner_id, COUNT(*), SUM(amount_untaxed), MIN(date_order), MAX(date_order)
      FROM sale_order
     WHERE state = 'sale'
     GROUP BY partner_id
"""


def measure_floor(env):
    """Time the aggregate, best of three, without fetching its rows."""

    def look():
        env.cr.execute(f"SELECT COUNT(*) FROM ({FLOOR} OFFSET 0) AS floor")
        return env.cr.fetchone()[0]

    groups = look()
    seconds = best_of(3, look)
    env.cr.execute(f"EXPLAIN (COSTS OFF) {FLOOR}")
    plan = [line for [line] in env.cr.fetchall()]
    env.cr.execute("SELECT COUNT(*) FROM sale_order")
    return {
        "seconds": seconds,
        "rows": env.cr.fetchone()[0],
        "groups": groups,
        "plan": plan,
    }
