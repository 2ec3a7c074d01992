"""Expected access rights in this addon; see tests/access_matrix.py."""

REPORTS_OF_MOVES = (
    "crm.lifecycle.stage.report",
    "crm.lifecycle.growth.report",
    "crm.lifecycle.customer.report",
)
# Customers, named as in `make_profiles` of the base.
NAMES = ("mine", "others", "shared", "shared_there", "branch", "there")


def make(world):
    """Return rows of the reports, by owner and company of their customer."""
    env = world.env
    for profile in world.profiles.values():
        stages = world.env["crm.lifecycle.stage"].search(
            [("lifecycle_id", "=", profile.lifecycle_id.id)], order="sequence"
        )
        stages[-1:].category = "customer"  # entering the stage makes a customer
        for stage in stages:
            profile._lifecycle_move(stage, origin="rule")
    env.flush_all()
    return {
        **{model: make_rows(world, model) for model in REPORTS_OF_MOVES},
        "crm.lifecycle.playbook.report": make_steps(world),
        **make_turns(world),
        "digest.digest": {"here": env["digest.digest"].create({"name": "Access"})},
        "spreadsheet.dashboard": {
            "here": env.ref("crm_lifecycle_reports.spreadsheet_dashboard_lifecycle")
        },
    }


def make_rows(world, model):
    return {
        name: (
            world.env[model].search(
                [("profile_id", "=", world.profiles[name].id)], limit=1
            ),
            {"company_id": world.home.id},
            None,
        )
        for name in NAMES
    }


def make_steps(world):
    return {
        name: (
            world.env["crm.lifecycle.playbook.report"].search(domain, limit=1),
            {},
            None,
        )
        for name, domain in (
            (name, [("profile_id", "=", world.profiles[name].id)]) for name in NAMES
        )
    }


def make_turns(world):
    """Return a stored move of the growth report. Only its job may write it."""
    turns = {}
    for name in ("mine", "branch", "there"):
        profile = world.profiles[name]
        turn = {
            "profile_id": profile.id,
            "company_id": profile.company_id.id,
            "date": "2026-03-02",
            "kind": "new",
        }
        turns[name] = world.env["crm.lifecycle.growth.event"].create(turn), turn, turn
    mark = {"upto": 1}
    stale = {"profile_id": world.profiles["mine"].id}
    return {
        "crm.lifecycle.growth.stale": {
            "here": (
                world.env["crm.lifecycle.growth.stale"].create(stale),
                stale,
                stale,
            )
        },
        "crm.lifecycle.growth.event": turns,
        "crm.lifecycle.growth.watermark": {
            "here": (
                world.env["crm.lifecycle.growth.watermark"].create(mark),
                mark,
                mark,
            )
        },
    }


SEARCHES = """
    crm.lifecycle.profile.report_cell
"""

MODELS = """
model                          record       public portal employee seller leader manager technician admin
crm.lifecycle.stage.report     mine         -      -      -        r      r      r       -          r
crm.lifecycle.stage.report     others       -      -      -        -      r      r       -          r
crm.lifecycle.stage.report     branch       -      -      -        -      -      -       -          -
crm.lifecycle.stage.report     there        -      -      -        -      -      -       -          -
crm.lifecycle.stage.report     shared       -      -      -        r      r      r       -          r
crm.lifecycle.stage.report     shared_there -      -      -        -      -      -       -          -
crm.lifecycle.growth.report    mine         -      -      -        r      r      r       -          r
crm.lifecycle.growth.report    others       -      -      -        -      r      r       -          r
crm.lifecycle.growth.report    branch       -      -      -        -      -      -       -          -
crm.lifecycle.growth.report    there        -      -      -        -      -      -       -          -
crm.lifecycle.growth.report    shared       -      -      -        r      r      r       -          r
crm.lifecycle.growth.report    shared_there -      -      -        -      -      -       -          -
crm.lifecycle.customer.report  mine         -      -      -        r      r      r       -          r
crm.lifecycle.customer.report  others       -      -      -        -      r      r       -          r
crm.lifecycle.customer.report  branch       -      -      -        -      -      -       -          -
crm.lifecycle.customer.report  there        -      -      -        -      -      -       -          -
crm.lifecycle.customer.report  shared       -      -      -        r      r      r       -          r
crm.lifecycle.customer.report  shared_there -      -      -        -      -      -       -          -
crm.lifecycle.playbook.report      mine         -      -      -        r      r      r       -          r
crm.lifecycle.playbook.report      there        -      -      -        -      -      -       -          -
crm.lifecycle.playbook.report      others       -      -      -        -      r      r       -          r
crm.lifecycle.playbook.report      shared       -      -      -        r      r      r       -          r
crm.lifecycle.playbook.report      shared_there -      -      -        -      -      -       -          -
crm.lifecycle.playbook.report      branch       -      -      -        -      -      -       -          -
crm.lifecycle.growth.event             mine         -      -      -        -      -      -       r          r
crm.lifecycle.growth.event             branch       -      -      -        -      -      -       r          r
crm.lifecycle.growth.event             there        -      -      -        -      -      -       r          r
crm.lifecycle.growth.stale            here         -      -      -        -      -      -       r          r
crm.lifecycle.growth.watermark        here         -      -      -        -      -      -       r          r
"""


METHODS = """
model                       methods                                      public portal employee seller leader manager technician admin
crm.lifecycle.stage.report  get_lifecycle_flow,get_lifecycle_flow_action -      -      -        x      x      x       -          x
crm.lifecycle.growth.report get_lifecycle_cohorts                        -      -      -        x      x      x       -          x
crm.lifecycle.growth.report get_lifecycle_cohort_action                  x      x      x        x      x      x       x          x
"""


ARGS = {
    "crm.lifecycle.stage.report.get_lifecycle_flow": lambda world: ([],),
    "crm.lifecycle.stage.report.get_lifecycle_flow_action": lambda world: (
        [],
        world.running.stage_ids[0].id,
    ),
    "crm.lifecycle.growth.report.get_lifecycle_cohorts": lambda world: ([],),
    "crm.lifecycle.growth.report.get_lifecycle_cohort_action": lambda world: (
        [],
        {},
        "2026-03-01",
    ),
}


FIELDS = """
model                 fields                                      public portal employee seller leader manager technician admin
digest.digest         kpi_lifecycle_new,kpi_lifecycle_reactivated -      -      r        r      r      r       rw         rw
digest.digest         kpi_lifecycle_at_risk,kpi_lifecycle_churned -      -      r        r      r      r       rw         rw
digest.digest         kpi_lifecycle_*_value                       -      -      -        r      r      r       -          r
spreadsheet.dashboard lifecycle_refresh_seconds                             -      -      -        r      r      r       -          r
"""


DASHBOARDS = """
dashboard                                                 public portal employee seller leader manager technician admin
crm_lifecycle_reports.spreadsheet_dashboard_lifecycle     -      -      -        r      r      r       -          r
crm_lifecycle_reports.spreadsheet_dashboard_churn_warning -      -      -        r      r      r       -          r
"""
