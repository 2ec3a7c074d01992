"""Rows, addons and lifecycles to measure with."""

from ..generate import generate
from .common import get_companies


def generate_rows(env, customers, orders, seed):
    generate(
        env, customers, orders, seed, tell=lambda line: print(f"  {line}", flush=True)
    )
    return {}


def prepare_addons(env):
    """Have our addons count days as people of the companies do."""
    companies = get_companies(env)
    for company in companies:
        company.lifecycle_tz = company.partner_id.tz
    env.cr.commit()
    return {"zones": companies.mapped("lifecycle_tz")}


def activate_lifecycles(env):
    """Activate the lifecycle T4b in each company: a retailer's, all by orders."""
    lifecycles = env["crm.lifecycle"]
    for company in get_companies(env):
        lifecycles |= env["crm.lifecycle.template"]._instantiate("growth", company)
    lifecycles.action_activate()
    env.cr.commit()
    return {"lifecycles": len(lifecycles)}
