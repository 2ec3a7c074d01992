"""Who may do what here; see tests/access_matrix.py."""


def make(world):
    """Return visits to customers: whose they are, in which company."""
    return {
        "crm.lifecycle.visit": {
            name: make_visit(world, name)
            for name in ("mine", "others", "free", "branch", "there")
        }
    }


def make_visit(world, name):
    """A visit, and values for one to another customer of the same kind."""
    profile = world.profiles[name]
    user = profile.user_id or world.colleague
    visit = world.env["crm.lifecycle.visit"].create(
        {"profile_id": profile.id, "user_id": user.id, "result": "reached"}
    )
    other = world.env["crm.lifecycle.profile"].create(
        {
            "partner_id": world.make_partner(f"visit {name}").id,
            "company_id": profile.company_id.id,
            "user_id": profile.user_id.id,
        }
    )
    return visit, {"note": "Seen"}, {"profile_id": other.id, "user_id": user.id}
