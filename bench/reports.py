"""Benchmark of opening reports, on generated customers with a history.

bench/reports runs it in a database of its own, where it adds and commits the rows of
`report_rows`; a second call measures again on the same rows. It prints a line of JSON
for each measurement, with ``BENCH_PLANS=1`` also the plan of its longest query, and
writes bench/REPORTS.md. ``BENCH_ONLY="cohorts;funnel"`` measures only some, without
writing the page. For a dashboard, it runs all queries that open it, one after the
other.
"""

import json
import os
import platform
import time
from datetime import timedelta
from pathlib import Path

from odoo.exceptions import AccessError
from odoo.tools import SQL

from bench import report_rows
from bench.report_rows import AS_OF

TIMES = 3
CUSTOMERS = int(os.environ.get("BENCH_CUSTOMERS") or 1_000_000)
# Maximum number of moves per customer: 29 give ten million for a million customers.
MOVES = int(os.environ.get("BENCH_MOVES") or 29)
ONLY = set(filter(None, os.environ.get("BENCH_ONLY", "").split(";")))
TABLES = (
    "crm_lifecycle_profile",
    "crm_lifecycle_history",
    "crm_lifecycle_growth_event",
    "crm_lifecycle_purchase_month",
    "crm_lifecycle_playbook_log",
    "helpdesk_ticket",
    "survey_user_input",
    "crm_loyalty_entry",
)
# Maximum acceptable seconds.
TARGETS = {"dashboard": 8, "cohorts": 5}
DEFAULT_TARGET = 3


def record(name, **numbers):
    print(json.dumps({"name": name, **numbers}, default=str), flush=True)


def fill(env):
    """Add all rows, and update the stored data of reports."""
    started = time.monotonic()
    report_rows.fill(env, CUSTOMERS, MOVES)
    env.cr.commit()
    for add in ("steps", "tickets", "answers", "points"):
        getattr(report_rows, f"fill_{add}")(env)
        env.cr.commit()
    refresh_growth_events(env)
    record("fill", seconds=round(time.monotonic() - started))
    env.cr._cnx.autocommit = True
    env.cr.execute("VACUUM (ANALYZE)")
    env.cr._cnx.autocommit = False


def refresh_growth_events(env):
    """Update the stored moves of reports, like the scheduled job."""
    Event = env["crm.lifecycle.growth.event"]
    for _time in range(2):
        started = time.monotonic()
        Event._mark_transactions_ended()
        env.cr.commit()
        Event._refresh()
        env.cr.commit()
        record("refresh of kept moves", seconds=round(time.monotonic() - started, 1))


# ------------------------------------------------------------
# Measurements
# ------------------------------------------------------------


def pivot(model, domain, groupby, *measures):
    """Return a function that opens a pivot: the totals and the rows."""
    return lambda env: env[model].formatted_read_grouping_sets(
        domain, [[], [groupby]], ["__count", *measures]
    )


YEAR = f"{AS_OF.year}-01-01"
VISITS, GROWTH, PURCHASES = (
    f"crm.lifecycle.{name}.report" for name in ("stage", "growth", "purchase")
)
FUNNEL = ("entry_count:sum", "open_count:sum", "up_rate:avg", "lost_rate:avg")
QUARTILES = ("entry_count:sum", "days_q1:avg", "days_median:avg", "days_q3:avg")
SALES = ("month_buyer_count:sum", "first_count:sum", "retained_rate:avg", "amount:sum")
CHANGES = [("net", "!=", 0)]
PLAYBOOKS = (
    "done_count:sum",
    "failed_rate:avg",
    "days_median:avg",
    "moved_30_rate:avg",
)
SERVICE = ("ticket_count:sum", "response_hours:avg", "satisfied_rate:avg")
POINTS = ("issued:sum", "spent:sum", "expired:sum", "outstanding:sum", "liability:sum")
# The menus with their default filters, and without them.
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
    "cohorts of purchases": lambda env: env[PURCHASES].get_lifecycle_cohorts([]),
    "cohorts of purchases, revenue": lambda env: env[PURCHASES].get_lifecycle_cohorts(
        [], {"measure": "revenue"}
    ),
    "playbooks": pivot(
        "crm.lifecycle.playbook.report", [("date", ">=", YEAR)], "stage_id", *PLAYBOOKS
    ),
    "playbooks, all years": pivot(
        "crm.lifecycle.playbook.report", [], "stage_id", *PLAYBOOKS
    ),
    "tickets": pivot(
        "crm.lifecycle.ticket.report", [("date", ">=", YEAR)], "stage_id", *SERVICE
    ),
    "tickets, all years": pivot(
        "crm.lifecycle.ticket.report", [], "stage_id", *SERVICE
    ),
    "satisfaction": pivot(
        "crm.lifecycle.satisfaction.report",
        [("kind", "=", "nps")],
        "stage_id",
        "nps:avg",
    ),
    "points": pivot("crm.loyalty.points.report", [], "program_id", *POINTS),
}


def get_period(offset):
    """Return the last 90 days, or the 90 days before them."""
    end = AS_OF + timedelta(days=90 * offset)
    return end - timedelta(days=89), end


def add_period(domain, matching):
    """Return a domain with the default period of a dashboard."""
    match = matching.get("period")
    if not match:
        return domain
    start, end = get_period(match.get("offset", 0))
    chain = match["chain"]
    return [*domain, (chain, ">=", str(start)), (chain, "<=", str(end))]


def open_dashboard(addon, name):
    """Return a function that opens a dashboard: the check for data and all queries."""

    def ask(env):
        dashboard = env.ref(f"{addon}.spreadsheet_dashboard_{name}").sudo(False)
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
    """Query the total and the groups of a pivot in a spreadsheet."""
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
    "dashboard, overview": open_dashboard("crm_lifecycle_reports", "lifecycle"),
    "dashboard, churn warnings": open_dashboard(
        "crm_lifecycle_reports", "churn_warning"
    ),
    "dashboard, service": open_dashboard("crm_lifecycle_service_reports", "service"),
    "dashboard, satisfaction": open_dashboard(
        "crm_lifecycle_survey_reports", "satisfaction"
    ),
    "dashboard, loyalty": open_dashboard("crm_loyalty_dashboard", "loyalty"),
}


def measure(env):
    """Time each analysis, warm; return ``{name: [seconds of each user]}``.

    The users are a manager, and a salesperson with own customers. The seconds are None
    if the user has no access.
    """
    results = {}
    for login in ("admin", "bench_seller_0"):
        user = env["res.users"].search([("login", "=", login)])
        mine = env(
            user=user,
            context={"allowed_company_ids": env.company.ids, "lang": "en_US"},
        )
        for name, ask in ANALYSES.items():
            if ONLY and name not in ONLY:
                continue
            seconds = time_warm(mine, ask)
            record(name, user=login, seconds=seconds, load=round(os.getloadavg()[0], 1))
            results.setdefault(name, []).append(seconds)
            if os.environ.get("BENCH_PLANS"):
                print_plan(mine, ask)
    return results


def time_warm(env, ask):
    """Return the shortest duration in seconds, or None if the user has no access."""
    seconds = []
    for _time in range(TIMES):
        env.invalidate_all()
        started = time.perf_counter()
        try:
            ask(env)
        except AccessError:
            return None
        seconds.append(time.perf_counter() - started)
    return round(min(seconds), 2)


def print_plan(env, ask):
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


def count_rows(env):
    counts = {}
    for table in TABLES:
        env.cr.execute(SQL("SELECT COUNT(*) FROM %s", SQL.identifier(table)))
        [counts[table]] = env.cr.fetchone()
    record("rows", **counts)
    return counts


def write_report(counts, results):
    """Write the measurements to bench/REPORTS.md."""
    lines = []
    for name, seconds in results.items():
        bar = TARGETS.get(name.partition(",")[0].partition(" ")[0], DEFAULT_TARGET)
        if name.endswith("all years"):
            bar = ""
        cells = ["not theirs" if value is None else f"{value:.2f}" for value in seconds]
        lines.append(f"| {name} | {' | '.join(cells)} | {bar} |")
    Path("bench/REPORTS.md").write_text(
        PAGE.format(
            cores=os.cpu_count(),
            python=platform.python_version(),
            load=round(os.getloadavg()[0], 1),
            rows="\n".join(f"| {table} | {rows:,} |" for table, rows in counts.items()),
            results="\n".join(lines),
        )
    )


PAGE = """# Opening times of reports

Written by `bench/reports`, on {cores} cores with Python {python}; the load of the
machine was {load} at the end. Seconds, best of three, warm: the time of the server for
all queries that open a screen, one after the other. A manager sees all customers, a
salesperson one in twenty.

A row without a suffix is the menu with its default filter, such as the year; *all
years* is the same without the filter.

| | manager | salesperson | bar |
|---|---:|---:|---:|
{results}

| table | rows |
|---|---:|
{rows}
"""


def main(env):
    company = env.ref("base.main_company")
    env = env["res.company"].with_company(company).env
    if not env["res.users"].search([("login", "=", "bench_seller_0")]):
        fill(env)
    counts = count_rows(env)
    results = measure(env)
    if not ONLY:
        write_report(counts, results)


if __name__ == "__main__":
    main(env)  # noqa: F821 (the Odoo shell defines it)
