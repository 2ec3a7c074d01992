"""Comparison of the lifecycle with loops over customers (see `bench.alternatives`)."""

from ..alternatives import STAGE, STAGES, evaluate_in_batches, evaluate_one_by_one
from ..generate import draw
from ..measure import seconds_of
from .common import get_companies, get_last_day

LOOP_SAMPLE = 500
BATCH_SAMPLE = 20_000


def measure_alternatives(env, share):
    """Time both loops over a sample, with all stages to write, then with a share.

    ``share`` is the share of stages that a nightly run writes. Everything is rolled
    back.
    """
    company = get_companies(env)[0]
    env = env(context={"allowed_company_ids": company.ids, "active_test": False})
    day = get_last_day(env)
    result = {}
    for name, work, size in (
        ("loop", evaluate_one_by_one, LOOP_SAMPLE),
        ("batched", evaluate_in_batches, BATCH_SAMPLE),
    ):
        partners = _draw_sample(env, company, size)
        _unset_stages(env, partners, 1)
        first = _time(env, work, partners, company, day)
        _unset_stages(env, partners, share)
        nightly = _time(env, work, partners, company, day)
        result[name] = {
            "customers": len(partners),
            "first": first,
            "nightly": nightly,
            "differs": _count_differences(env, partners, company),
        }
        env.cr.rollback()
        env.invalidate_all()
    return result


def _unset_stages(env, partners, share):
    """Clear the stage of a share of the customers, so that the loop writes it."""
    env.cr.execute(
        f"UPDATE res_partner SET {STAGE} = 0 WHERE id = ANY(%s) "
        f"AND {draw('id', 1, 7)} < %s",
        [partners.ids, share],
    )


def _draw_sample(env, company, size):
    env.cr.execute(
        """
        SELECT partner_id FROM crm_lifecycle_profile
         WHERE company_id = %s AND partner_id IS NOT NULL AND active
         ORDER BY hashint4(partner_id) LIMIT %s
        """,
        [company.id, size],
    )
    return env["res.partner"].browse([row[0] for row in env.cr.fetchall()])


def _time(env, work, partners, company, day):
    env.flush_all()
    env.invalidate_all()

    def all_of_it():
        work(partners, company, day)
        env.flush_all()

    return seconds_of(all_of_it)


def _count_differences(env, partners, company):
    """Return how many stages differ from the lifecycle, as a check of both."""
    env.flush_all()
    env.cr.execute(
        f"""
        SELECT COUNT(*)
          FROM crm_lifecycle_profile AS p
          JOIN crm_lifecycle_stage AS s ON s.id = p.stage_id
          JOIN res_partner AS c ON c.id = p.partner_id
         WHERE p.company_id = %s AND p.partner_id = ANY(%s)
           AND (%s::text[])[c.{STAGE}] <> s.code
        """,
        [company.id, partners.ids, list(STAGES)],
    )
    return env.cr.fetchone()[0]
