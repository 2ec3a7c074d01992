"""Who may do what here; see tests/access_matrix.py."""


def make(world):
    """Return cases of customers: whose they are, in which company."""
    reason = {"name": "Access"}
    return {
        "crm.lifecycle.risk.case": {
            name: make_case(world, name)
            for name in ("mine", "others", "free", "branch", "there")
        },
        "crm.lifecycle.risk.reason": {
            "here": (
                world.env["crm.lifecycle.risk.reason"].create(reason),
                {"name": "Changed"},
                reason,
            )
        },
    }


def make_case(world, name):
    """A case, and values for one of another customer of the same kind."""
    profile = world.profiles[name]
    case = world.env["crm.lifecycle.risk.case"].create(
        {"profile_id": profile.id, "user_id": profile.user_id.id}
    )
    other = world.env["crm.lifecycle.profile"].create(
        {
            "partner_id": world.make_partner(f"case {name}").id,
            "company_id": profile.company_id.id,
            "user_id": profile.user_id.id,
        }
    )
    return case, {"note": "Seen"}, {"profile_id": other.id}
