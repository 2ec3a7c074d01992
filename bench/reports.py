"""How long the reports take to open, on generated customers with a history.

    BENCH_CUSTOMERS=1000000 script/odoo shell -d DATABASE --no-http < bench/reports.py

Wants a database of its own with `crm_lifecycle_sale_reports`: it adds customers with
ten moves each on average (eight, of those that lie in the years) and their purchases by
month, in plain SQL, commits them, and leaves them there; a second call measures again
what is there. Every choice is drawn from a hash, all days lie in the three years up to
``AS_OF``. ``BENCH_MOVES`` is the most moves of one customer, 24 for ten on average.
Prints one line of JSON for each measurement, and with ``BENCH_PLANS=1`` the plans;
``BENCH_ONLY=cohorts,funnel`` measures some. Dashboards are asked all that they ask when
they are opened, one question after the other.
"""

import json
import os
import time
from datetime import date, timedelta

from odoo.tools import SQL

AS_OF = date(2026, 6, 30)
START = date(2023, 7, 1)
SELLERS = 20
# The way of the busiest customer through the stages of the template T4b.
PATH = [
    "prospect",
    "first_deal",
    "growing",
    "churned",
    "growing",
    "loyal",
    "churned",
    "loyal",
    "churned",
    "loyal",
    "churned",
    "growing",
    "churned",
    "growing",
    "loyal",
    "churned",
    "loyal",
    "churned",
    "loyal",
]
TIMES = 3
MOVES = int(os.environ.get("BENCH_MOVES", "19"))


def tell(name, **numbers):
    print(json.dumps({"name": name, **numbers}, default=str), flush=True)


def draw(key, salt):
    """SQL of a number in [0, 1), another one for each salt."""
    return SQL(
        "((hashint8extended((%s)::bigint, %s) & 1048575) / 1048576.0)", key, salt
    )


# ------------------------------------------------------------
# Rows
# ------------------------------------------------------------


def fill(env, customers):
    """Add the customers, their history and their purchases by month."""
    company = env.company
    lifecycle = env["crm.lifecycle.template"]._instantiate("t4b", company)
    lifecycle.action_activate()
    stages = {stage.code: stage.id for stage in lifecycle.stage_ids}
    sellers = (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            [
                {
                    "name": f"Bench Seller {number}",
                    "login": f"bench_seller_{number}",
                    "company_id": company.id,
                    "company_ids": company.ids,
                    "group_ids": [env.ref("sales_team.group_sale_salesman").id],
                }
                for number in range(SELLERS)
            ]
        )
    )
    env.flush_all()
    fill_customers(env, customers, company, sellers)
    path = [*PATH, *PATH[-6:]]
    fill_history(env, company, lifecycle, [stages[code] for code in path])
    fill_purchases(env, company, [stages[code] for code in ("growing", "loyal")])
    env.cr.commit()
    keep_turns(env)


def keep_turns(env):
    """Have the moves that reports keep counted, as the scheduled job does."""
    Turn = env["crm.lifecycle.turn"]
    for _time in range(2):
        started = time.monotonic()
        Turn._note_ended()
        env.cr.commit()
        Turn._refresh()
        env.cr.commit()
        tell("refresh of kept moves", seconds=round(time.monotonic() - started, 1))


def fill_customers(env, customers, company, sellers):
    """Add contacts in the likeness of one, and their profiles."""
    pattern = env["res.partner"].create({"name": "Bench", "is_company": True})
    env.flush_all()
    # The checks of foreign keys keep the plans of a table that was small: no scans.
    env.cr.execute("SET LOCAL enable_seqscan = off")
    env.cr.execute(
        SQL(
            """
            INSERT INTO res_partner
            SELECT made.*
              FROM res_partner AS p, generate_series(1, %s) AS n,
                   jsonb_populate_record(NULL::res_partner, to_jsonb(p)
                       || jsonb_build_object(
                            'id', p.id + n, 'commercial_partner_id', p.id + n,
                            'name', 'Bench ' || n, 'complete_name', 'Bench ' || n)
                   ) AS made
             WHERE p.id = %s
            """,
            customers,
            pattern.id,
        )
    )
    env.cr.execute("SELECT setval('res_partner_id_seq', MAX(id)) FROM res_partner")
    env.cr.execute("SET LOCAL enable_seqscan = on")
    env.cr.execute("ANALYZE res_partner")
    key = SQL("c.id - %s", pattern.id)
    env.cr.execute(
        SQL(
            """
            INSERT INTO crm_lifecycle_profile (
                   partner_id, company_id, active, user_id, lifecycle_id,
                   first_seen_date, facts_date, create_date, write_date)
            SELECT c.id, %(company)s, TRUE,
                   CASE WHEN %(assigned)s < 0.9 THEN
                       (%(sellers)s::int[])[1 + floor(%(seller)s * %(count)s)] END,
                   NULL, %(start)s::date + floor(%(day)s * 1000)::int,
                   now(), now(), now()
              FROM res_partner AS c
             WHERE c.id > %(first)s AND c.name LIKE 'Bench %%'
             ORDER BY c.id
            """,
            company=company.id,
            assigned=draw(key, 1),
            sellers=sellers.ids,
            seller=draw(key, 2),
            count=len(sellers),
            start=START,
            day=draw(key, 3),
            first=pattern.id,
        )
    )


def fill_history(env, company, lifecycle, path):
    """Add the moves in the order of their days, and let the last one stand."""
    env.cr.execute(
        SQL(
            """
            INSERT INTO crm_lifecycle_history (
                   profile_id, partner_id, company_id, lifecycle_id, lifecycle_version,
                   from_stage_id, to_stage_id, date, origin, reason, facts,
                   days_in_from_stage, processed_at, is_quiet, create_date, write_date)
            SELECT id, partner_id, %(company)s, %(lifecycle)s, 1,
                   CASE WHEN n > 1 THEN (%(path)s::int[])[n - 1] END,
                   (%(path)s::int[])[n], day, 'rule', 'Bench rule',
                   jsonb_build_object('order_count', n, 'last_order_date', day),
                   CASE WHEN n > 1 THEN gap END, now(), TRUE, now(), now()
              FROM (
                    SELECT p.id, p.partner_id, n, gap,
                           p.first_seen_date + SUM(gap) OVER (
                               PARTITION BY p.id ORDER BY n)::int AS day
                      FROM crm_lifecycle_profile AS p,
                           generate_series(
                               1, 1 + floor(%(moves)s * %(most)s)::int) AS n,
                           LATERAL (SELECT CASE WHEN n = 1 THEN 0 ELSE
                               floor(%(gap)s * 90)::int END AS gap) AS g
                     WHERE p.company_id = %(company)s
                   ) AS move
             WHERE day <= %(as_of)s
             ORDER BY day, n
            """,
            company=company.id,
            lifecycle=lifecycle.id,
            path=path,
            moves=draw(SQL("p.id"), 4),
            most=MOVES,
            gap=draw(SQL("p.id * 32 + n"), 5),
            as_of=AS_OF,
        )
    )
    env.cr.execute("ANALYZE crm_lifecycle_profile, crm_lifecycle_history")
    env.cr.execute(
        SQL(
            """
            UPDATE crm_lifecycle_profile AS p
               SET stage_id = h.to_stage_id, stage_date = h.date,
                   lifecycle_id = h.lifecycle_id
              FROM (SELECT DISTINCT ON (profile_id) *
                      FROM crm_lifecycle_history ORDER BY profile_id, id DESC) AS h
             WHERE h.profile_id = p.id
            """
        )
    )


def fill_purchases(env, company, stages):
    """Let customers have bought in the months of some of their moves."""
    env.cr.execute(
        SQL(
            """
            INSERT INTO crm_lifecycle_purchase_month (
                   profile_id, company_id, month, purchase_count, amount, cohort_date,
                   previous_month, next_month)
            SELECT profile_id, %s, month, n, n * 49.5,
                   MIN(day) OVER w, LAG(month) OVER (w ORDER BY month),
                   LEAD(month) OVER (w ORDER BY month)
              FROM (SELECT profile_id, date_trunc('month', date)::date AS month,
                           COUNT(*) AS n, MIN(date) AS day
                      FROM crm_lifecycle_history WHERE to_stage_id = ANY(%s)
                     GROUP BY 1, 2) AS h
            WINDOW w AS (PARTITION BY profile_id)
            """,
            company.id,
            stages,
        )
    )
    env.cr.execute(
        """
        UPDATE crm_lifecycle_profile AS p
           SET order_count = m.n, order_total = m.amount, first_order_date = m.first,
               last_order_date = m.last, order_total_12m = m.amount / 2,
               order_interval_days = (m.last - m.first)::float / NULLIF(m.n - 1, 0)
          FROM (SELECT profile_id, SUM(purchase_count) AS n, SUM(amount) AS amount,
                       MIN(cohort_date) AS first, MAX(month) + 27 AS last
                  FROM crm_lifecycle_purchase_month GROUP BY 1) AS m
         WHERE m.profile_id = p.id
        """
    )


# ------------------------------------------------------------
# Measurements
# ------------------------------------------------------------


def pivot(model, domain, groupby, *measures):
    """Return what opens a pivot: the totals, and its rows."""
    return lambda env: env[model].formatted_read_grouping_sets(
        domain, [[], [groupby]], ["__count", *measures]
    )


YEAR = f"{AS_OF.year}-01-01"
VISITS, GROWTH, PURCHASES = (
    f"crm.lifecycle.{name}.report" for name in ("visit", "growth", "purchase")
)
FUNNEL = ("entry_count:sum", "open_count:sum", "up_rate:avg", "lost_rate:avg")
QUARTILES = ("entry_count:sum", "days_q1:avg", "days_median:avg", "days_q3:avg")
SALES = ("month_buyer_count:sum", "first_count:sum", "retained_rate:avg", "amount:sum")
CHANGES = [("net", "!=", 0)]
# What the menus open, with their default filters, and what is behind these.
ANALYSES = {
    "funnel": pivot(VISITS, [("date", ">=", YEAR)], "stage_id", *FUNNEL),
    "funnel, all years": pivot(VISITS, [], "stage_id", *FUNNEL),
    "time": pivot(VISITS, [("date_exited", ">=", YEAR)], "stage_id", *QUARTILES),
    "time, all years": pivot(VISITS, [], "stage_id", *QUARTILES),
    "flow": lambda env: env[VISITS].get_lifecycle_flow([("date", ">=", YEAR)]),
    "flow, all years": lambda env: env[VISITS].get_lifecycle_flow([]),
    "growth": pivot(GROWTH, [*CHANGES, ("date", ">=", YEAR)], "date:month", "net:sum"),
    "growth, all years": pivot(GROWTH, CHANGES, "date:month", "net:sum"),
    "cohorts": lambda env: env[GROWTH].get_lifecycle_cohorts([]),
    "cohorts by contact": lambda env: env[GROWTH].get_lifecycle_cohorts(
        [], {"anchor": "contact"}
    ),
    "cohorts by stage": lambda env: env[GROWTH].get_lifecycle_cohorts(
        [], {"anchor": "stage"}
    ),
    "customers": pivot(
        "crm.lifecycle.customer.report",
        [],
        "stage_id",
        "customer_count:sum",
        "order_total:sum",
        "repeat_rate:avg",
        "order_interval_median:avg",
    ),
    "purchases": pivot(PURCHASES, [("date", ">=", YEAR)], "date:month", *SALES),
    "purchases, all years": pivot(PURCHASES, [], "date:month", *SALES),
    "purchase cohorts": lambda env: env[PURCHASES].get_lifecycle_cohorts([]),
    "purchase cohorts, revenue": lambda env: env[PURCHASES].get_lifecycle_cohorts(
        [], {"measure": "revenue"}
    ),
}


def get_period(offset):
    """Return the 90 days up to the last one, or those before them."""
    end = AS_OF + timedelta(days=90 * offset)
    return end - timedelta(days=89), end


def add_period(domain, matching):
    """Return a domain with the period that a dashboard opens with."""
    match = matching.get("period")
    if not match:
        return domain
    start, end = get_period(match.get("offset", 0))
    chain = match["chain"]
    return [*domain, (chain, ">=", str(start)), (chain, "<=", str(end))]


def board(name):
    """Return what opens a dashboard: whether it is empty, and all its questions."""

    def ask(env):
        dashboard = env.ref(f"crm_lifecycle_reports.spreadsheet_dashboard_{name}")
        dashboard._dashboard_is_empty()
        data = json.loads(dashboard.spreadsheet_data)
        for pivot in data["pivots"].values():
            rows = [item["fieldName"] for item in pivot["rows"]]
            measures = [item["fieldName"] for item in pivot["measures"]]
            ask_groups(env, pivot, pivot["domain"], rows, measures)
        for figure in data["sheets"][0]["figures"]:
            chart = figure["data"]
            if chart["type"].startswith("odoo_"):
                asked = {**chart, "model": chart["metaData"]["resModel"]}
                groups = chart["metaData"]["groupBy"]
                domain = chart["searchParams"]["domain"]
                ask_groups(env, asked, domain, groups, [chart["metaData"]["measure"]])
        for listing in data["lists"].values():
            order = ", ".join(
                f"{item['name']} {'asc' if item['asc'] else 'desc'}"
                for item in listing["orderBy"]
            )
            env[listing["model"]].web_search_read(
                add_period(listing["domain"], listing["fieldMatching"]),
                {name: {} for name in listing["columns"]},
                limit=18,
                order=order,
            )

    return ask


def ask_groups(env, question, domain, groups, measures):
    """Ask for a total and for groups, as a pivot of a spreadsheet does."""
    model = env[question["model"]]
    aggregates = [
        name if name == "__count" else f"{name}:{model._fields[name].aggregator}"
        for name in measures
    ]
    sets = [[], groups] if groups else [[]]
    model.formatted_read_grouping_sets(
        add_period([tuple(leaf) for leaf in domain], question["fieldMatching"]),
        sets,
        aggregates,
    )


ANALYSES |= {
    "dashboard, overview": board("lifecycle"),
    "dashboard, churn warnings": board("churn_warning"),
}


def measure(env):
    """Time each analysis, warm, as a manager and as a salesperson with own ones."""
    for login in ("admin", "bench_seller_0"):
        user = env["res.users"].search([("login", "=", login)])
        mine = env(
            user=user,
            context={"allowed_company_ids": env.company.ids, "lang": "en_US"},
        )
        only = os.environ.get("BENCH_ONLY", "").split(",")
        for name, ask in ANALYSES.items():
            if only != [""] and name not in only:
                continue
            seconds = []
            for _time in range(TIMES):
                mine.invalidate_all()
                started = time.perf_counter()
                ask(mine)
                seconds.append(time.perf_counter() - started)
            tell(name, user=login, seconds=round(min(seconds), 2))
            if os.environ.get("BENCH_PLANS"):
                tell_plan(mine, ask)


def tell_plan(env, ask):
    """Print the plan of the longest query of an analysis."""
    queries = []
    execute = type(env.cr).execute

    def listen(cursor, query, params=None, log_exceptions=True):
        started = time.perf_counter()
        result = execute(cursor, query, params, log_exceptions)
        queries.append((time.perf_counter() - started, query, params))
        return result

    type(env.cr).execute = listen
    try:
        env.invalidate_all()
        ask(env)
    finally:
        type(env.cr).execute = execute
    _seconds, query, params = max(queries, key=lambda item: item[0])
    if isinstance(query, SQL):
        query, params = query.code, query.params
    env.cr.execute("EXPLAIN (ANALYZE, COSTS OFF) " + query, params)
    print("\n".join(line for [line] in env.cr.fetchall()), flush=True)


def main(env):
    company = env.ref("base.main_company")
    env = env["res.company"].with_company(company).env
    if not env["res.users"].search([("login", "=", "bench_seller_0")]):
        started = time.monotonic()
        fill(env, int(os.environ.get("BENCH_CUSTOMERS", "100000")))
        tell("fill", seconds=round(time.monotonic() - started))
        env.cr._cnx.autocommit = True
        env.cr.execute("VACUUM (ANALYZE)")
        env.cr._cnx.autocommit = False
    for table in ("profile", "history", "turn", "purchase_month"):
        env.cr.execute(
            SQL("SELECT COUNT(*) FROM %s", SQL.identifier(f"crm_lifecycle_{table}"))
        )
        tell(table, rows=env.cr.fetchone()[0])
    measure(env)


if __name__ == "__main__":
    main(env)  # noqa: F821 (Odoo's shell gives it)
