"""Users who work by RPC under load; see `bench.load`."""

from odoo.fields import Command

from ..programs import create_program
from .common import get_companies

GROUPS = ("sales_team.group_sale_salesman_all_leads", "base.group_partner_manager")
# One customer in this many is a member of the loyalty program.
MEMBERS = 10
# Moves to these stages schedule a call, as work for the job of actions.
CALL_STAGES = ("first_deal", "growing", "churned")


def create_people(env, count):
    """Create users, a product, a playbook, and members of a program."""
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
    env["product.template"]._load_records(
        [
            {
                "xml_id": "__import__.load_product",
                "values": {"name": "Load", "type": "service", "list_price": 10},
            }
        ]
    )
    _plan_calls(env, company)
    members = _create_members(env, _create_program(env, company), company)
    env.cr.commit()
    return {"people": count, "members": members}


def _plan_calls(env, company):
    plan = env["mail.activity.plan"].create(
        {
            "name": "Load",
            "res_model": "crm.lifecycle.profile",
            "company_id": company.id,
            "template_ids": [
                Command.create(
                    {
                        "activity_type_id": env.ref("mail.mail_activity_data_call").id,
                        "summary": "Call",
                        "responsible_type": "other",
                        "responsible_id": env.ref("base.user_admin").id,
                    }
                )
            ],
        }
    )
    stages = env["crm.lifecycle"]._get_active(company).stage_ids
    stages.filtered(lambda stage: stage.code in CALL_STAGES).activity_plan_id = plan


def _create_program(env, company):
    """Create a program where each order earns points."""
    return create_program(
        env,
        name="Load",
        company_id=company.id,
        portal_point_name="points",
        rule_ids=[
            Command.create(
                {
                    "reward_point_mode": "money",
                    "reward_point_amount": 1,
                    "minimum_qty": 0,
                }
            )
        ],
        reward_ids=[
            Command.create(
                {
                    "reward_type": "discount",
                    "discount_mode": "per_point",
                    "discount": 0.01,
                    "required_points": 1,
                }
            )
        ],
    )


def _create_members(env, program, company):
    env.cr.execute(
        """
        SELECT partner_id FROM crm_lifecycle_profile
         WHERE company_id = %s AND partner_id IS NOT NULL
           AND hashint4(partner_id) %% %s = 0
         ORDER BY id
        """,
        [company.id, MEMBERS],
    )
    cards = env["loyalty.card"].create(
        [
            {"program_id": program.id, "partner_id": partner_id}
            for (partner_id,) in env.cr.fetchall()
        ]
    )
    return len(cards)
