"""Preparation of rows, addons and lifecycles."""

from ..generate import generate
from .common import get_companies


def generate_rows(env, customers, orders, seed):
    generate(
        env, customers, orders, seed, tell=lambda line: print(f"  {line}", flush=True)
    )
    return {}


def prepare_addons(env):
    """Set the time zone in which our addons count the days of the companies."""
    companies = get_companies(env)
    for company in companies:
        company.lifecycle_tz = company.partner_id.tz
    env.cr.commit()
    return {"zones": companies.mapped("lifecycle_tz")}


def activate_lifecycles(env):
    """Activate the retail lifecycle T4b, which depends on orders, in each company."""
    lifecycles = env["crm.lifecycle"]
    for company in get_companies(env):
        lifecycles |= env["crm.lifecycle.template"]._instantiate("growth", company)
    lifecycles.action_activate()
    env.cr.commit()
    return {"lifecycles": len(lifecycles)}
