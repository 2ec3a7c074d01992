"""Expected access rights in this addon; see tests/access_matrix.py."""

# Owner or company of each customer; see `make_profiles` of the base.
CUSTOMERS = ("mine", "others", "free", "shared", "shared_there", "branch", "there")


def make(world):
    """Return visits to customers with different owners and companies."""
    return {
        "crm.lifecycle.visit": {name: make_visit(world, name) for name in CUSTOMERS}
    }


def make_visit(world, name):
    """Return a visit, and values for a visit to a similar customer."""
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


MODELS = """
model               record       public portal employee seller leader manager technician admin
crm.lifecycle.visit mine         -      -      -        rwc    rwc    rwcd    -          rwcd
crm.lifecycle.visit others       -      -      -        -      rwc    rwcd    -          rwcd
crm.lifecycle.visit free         -      -      -        rwc    rwc    rwcd    -          rwcd
crm.lifecycle.visit branch       -      -      -        -      -      -       -          -
crm.lifecycle.visit there        -      -      -        -      -      -       -          -
crm.lifecycle.visit shared       -      -      -        rwc    rwc    rwcd    -          rwcd
crm.lifecycle.visit shared_there -      -      -        -      -      -       -          -
"""


OPENS = """
    crm.lifecycle.profile.action_open_visits
    crm.lifecycle.visit.action_open_form
"""


METHODS = """
model               methods                           public portal employee seller leader manager technician admin
crm.lifecycle.visit action_open_profile,action_record -      -      -        x      x      x       -          x
"""
