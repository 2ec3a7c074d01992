"""Expected access rights in this addon; see tests/access_matrix.py."""


def make(world):
    """Return assignment rules of each company, and a row of the ticket log."""
    env = world.env
    log = env["crm.lifecycle.ticket.log"].create(
        {
            "res_model": "res.partner",
            "res_id": world.shared.id,
            "date": "2026-03-02",
            "is_open": True,
        }
    )
    rules = {
        name: make_rule(world, company)
        for name, company in (
            ("here", world.home),
            ("everybody", None),
            ("branch", world.branch),
            ("there", world.there),
        )
    }
    return {
        "crm.lifecycle.ticket.rule": rules,
        "crm.lifecycle.ticket.log": {"here": (log, {"is_open": False}, None)},
    }


def make_rule(world, company):
    vals = {
        "name": "Access",
        "company_id": company and company.id,
        "priority": "1",
    }
    rule = world.env["crm.lifecycle.ticket.rule"].create(vals)
    return rule, {"priority": "2"}, vals


OPENS = """
    crm.lifecycle.ticket.action_open_lifecycle_profile
"""

MODELS = """
model                     record    public portal employee seller leader manager technician admin
crm.lifecycle.ticket.rule here      -      -      ?        r      r      rwcd    ?          rwcd
crm.lifecycle.ticket.rule everybody -      -      ?        r      r      r       ?          r
crm.lifecycle.ticket.rule branch    -      -      -        -      -      -       -          -
crm.lifecycle.ticket.rule there     -      -      -        -      -      -       -          -
crm.lifecycle.ticket.log  here      -      -      -        -      -      -       r          r
"""

FIELDS = """
model       fields                                             public portal employee seller leader manager technician admin
res.partner lifecycle_ticket_count,lifecycle_ticket_open_count -      -      -        r      r      r       -          r
res.partner lifecycle_rating_last,lifecycle_rating_avg         -      -      -        r      r      r       -          r
res.users   lifecycle_ticket_count,lifecycle_ticket_open_count -      -      -        r      r      r       -          r
res.users   lifecycle_rating_last,lifecycle_rating_avg         -      -      -        r      r      r       -          r
crm.lead    lifecycle_ticket_count,lifecycle_ticket_open_count -      -      -        r      r      r       -          r
crm.lead    lifecycle_rating_last,lifecycle_rating_avg         -      -      -        r      r      r       -          r
"""
