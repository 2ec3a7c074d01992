"""Digests of the lifecycle's results for CDNOW, to compare two versions of the code.

    script/odoo shell -d DATABASE < bench/digest.py

Print a line for each step: its name, the number of rows, and their digest, over
values that are the same in any database (references and codes, but no ids). Everything
is rolled back. It takes a few minutes.
"""

import hashlib
import os
import sys
from datetime import date, timedelta

sys.path.insert(0, os.environ["ROOT"])
from tests.test_cdnow import cdnow

FIRST = date(1997, 12, 31)
DAYS = 30
REPLAYED = (date(1996, 12, 31), date(1998, 6, 30))
ROWS = {
    "profiles": """
        SELECT c.ref, s.code, l.name->>'en_US', p.stage_date, p.review_date,
               p.follow_up_date, p.active, p.facts_as_of, p.first_seen_date,
               p.last_contact_date, p.next_activity_date, p.open_lead_count,
               p.quotation_count, p.first_order_date, p.last_order_date, p.order_count,
               round(p.order_total::numeric, 2), round(p.order_total_12m::numeric, 2),
               round(p.order_total_prev_12m::numeric, 2),
               round(p.average_order_value::numeric, 2),
               round(p.order_interval_days::numeric, 6),
               round(p.order_trend::numeric, 6)
          FROM crm_lifecycle_profile AS p
          JOIN res_partner AS c ON c.id = p.partner_id
     LEFT JOIN crm_lifecycle_stage AS s ON s.id = p.stage_id
     LEFT JOIN crm_lifecycle AS l ON l.id = p.lifecycle_id
         WHERE p.company_id = %s""",
    "tags": """
        SELECT c.ref, t.code
          FROM crm_lifecycle_profile_tag_rel AS r
          JOIN crm_lifecycle_profile AS p ON p.id = r.profile_id
          JOIN res_partner AS c ON c.id = p.partner_id
          JOIN crm_lifecycle_tag AS t ON t.id = r.tag_id
         WHERE p.company_id = %s""",
    "history": """
        SELECT c.ref, f.code, t.code, h.date, h.origin, r.name->>'en_US', h.reason,
               h.facts::text, h.days_in_from_stage, h.is_quiet, h.lifecycle_version
          FROM crm_lifecycle_history AS h
          JOIN res_partner AS c ON c.id = h.partner_id
     LEFT JOIN crm_lifecycle_stage AS f ON f.id = h.from_stage_id
          JOIN crm_lifecycle_stage AS t ON t.id = h.to_stage_id
     LEFT JOIN crm_lifecycle_rule AS r ON r.id = h.rule_id
         WHERE h.company_id = %s""",
    "runs": """
        SELECT as_of, kind, state, profile_count, created_count, refreshed_count,
               moved_count, left_count, error
          FROM crm_lifecycle_run
         WHERE company_id = %s""",
}


def show(step, rows):
    lines = sorted(map(repr, rows))
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
    print(f"{step:24} {len(lines):8} {digest}", flush=True)


def show_company(env, step, company):
    env.flush_all()
    for table, query in ROWS.items():
        env.cr.execute(query, [company.id])
        show(f"{step}: {table}", env.cr.fetchall())


def make_company(env, name):
    company = env["res.company"].create(
        {"name": name, "currency_id": env.ref("base.USD").id}
    )
    env = company.with_company(company).env
    cdnow.load(env, cdnow.read_purchases(os.environ["CDNOW_FILE"]), company)
    cdnow.activate_lifecycle(env, company)
    return env, company


def show_preview(env, company):
    preview = env["crm.lifecycle"]._preview(
        company, cdnow.find_lifecycle(env, company), FIRST + timedelta(days=90)
    )
    codes = {stage.id: stage.code for stage in env["crm.lifecycle.stage"].search([])}
    moves = [
        (codes.get(before), codes.get(after), count)
        for before, after, _rule, count in preview["moves"]
    ]
    stages = {codes.get(stage): count for stage, count in preview["stages"].items()}
    show("preview", [*moves, *stages.items()])


def main(env):
    daily, company = make_company(env, "Digest of runs")
    daily["crm.lifecycle"]._run(company, FIRST)
    show_company(daily, "first run", company)
    for number in range(1, DAYS + 1):
        daily["crm.lifecycle"]._run(company, FIRST + timedelta(days=number))
    show_company(daily, f"{DAYS} daily runs", company)
    show_preview(daily, company)
    past, company = make_company(env, "Digest of a replay")
    past["crm.lifecycle"]._replay(company, *REPLAYED, "month")
    show_company(past, "replay", company)
    env.cr.rollback()


main(env)  # noqa: F821 - the Odoo shell defines it
