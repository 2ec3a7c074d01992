"""Who may do what here; see tests/access_matrix.py."""


def make(world):
    """Return rules of assignment of each company, and what is noted of tickets."""
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
