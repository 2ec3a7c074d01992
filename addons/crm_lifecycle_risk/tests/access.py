"""Expected access rights in this addon; see tests/access_matrix.py."""

# Owner or company of each customer; see `make_profiles` of the base.
CUSTOMERS = ("mine", "others", "free", "shared", "shared_there", "branch", "there")


def make(world):
    """Return cases of customers with different owners and companies."""
    reason = world.env["crm.lifecycle.risk.reason"].create({"name": "Access"})
    return {
        "crm.lifecycle.risk.case": {name: make_case(world, name) for name in CUSTOMERS},
        "crm.lifecycle.risk.reason": {
            "here": (reason, {"name": "Changed"}, {"name": "Another"}),
        },
    }


def make_case(world, name):
    """Return a case, and values for a case of a similar customer."""
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


MODELS = """
model                     record       public portal employee seller leader manager technician admin
crm.lifecycle.risk.case   mine         -      -      -        rwc    rwc    rwcd    -          rwcd
crm.lifecycle.risk.case   others       -      -      -        -      rwc    rwcd    -          rwcd
crm.lifecycle.risk.case   free         -      -      -        rwc    rwc    rwcd    -          rwcd
crm.lifecycle.risk.case   branch       -      -      -        -      -      -       -          -
crm.lifecycle.risk.case   there        -      -      -        -      -      -       -          -
crm.lifecycle.risk.case   shared       -      -      -        rwc    rwc    rwcd    -          rwcd
crm.lifecycle.risk.case   shared_there -      -      -        -      -      -       -          -
crm.lifecycle.risk.reason here         -      -      -        r      r      r       -          r
"""


METHODS = """
model                   methods                                            public portal employee seller leader manager technician admin
crm.lifecycle.risk.case action_open_profile,action_save_customer           -      -      -        x      x      x       -          x
crm.lifecycle.risk.case action_set_lost,action_set_saved,action_start_plan -      -      -        x      x      x       -          x
crm.lifecycle.profile   action_open_risk_cases                             -      -      -        x      x      x       -          x
res.partner             action_open_lifecycle_risk_cases                   -      -      -        x      x      x       -          x
"""


FIELDS = """
model                   fields                    public portal employee seller leader manager technician admin
crm.lifecycle.risk.case facts,facts_summary       -      -      -        -      -      r       -          r
res.company             lifecycle_risk_check_date -      -      -        -      -      -       rw         rw
res.partner             lifecycle_risk_case_count -      -      -        r      r      r       -          r
res.users               lifecycle_risk_case_count -      -      -        r      r      r       -          r
"""
