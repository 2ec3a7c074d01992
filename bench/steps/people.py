"""People who work by RPC while everything else goes on; see `bench.load`."""

from .common import get_companies

GROUPS = ("sales_team.group_sale_salesman_all_leads", "base.group_partner_manager")
MEMBERS = 2000


def create_people(env, count):
    """Create users, what they sell, and members of a programme of points."""
    company = get_companies(env)[0]
    env["res.users"].with_context(no_reset_password=True).create(
        [
            {
                "name": f"Load {number}",
                "login": f"load_{number}",
                "password": f"load_{number}",
                "company_id": company.id,
                "company_ids": company.ids,
                "group_ids": [env.ref(name).id for name in GROUPS],
            }
            for number in range(count)
        ]
    )
    env["product.product"].create(
        {"name": "Load", "default_code": "LOAD", "type": "service", "list_price": 10}
    )
    program = env["loyalty.program"].create(
        {
            "name": "Load",
            "program_type": "loyalty",
            "applies_on": "both",
            "trigger": "auto",
            "company_id": company.id,
        }
    )
    env.cr.execute(
        "SELECT partner_id FROM crm_lifecycle_profile WHERE company_id = %s"
        " AND partner_id IS NOT NULL ORDER BY id LIMIT %s",
        [company.id, MEMBERS],
    )
    env["loyalty.card"].create(
        [
            {"program_id": program.id, "partner_id": partner_id}
            for (partner_id,) in env.cr.fetchall()
        ]
    )
    env.cr.commit()
    return {"people": count}
