"""Expected access rights in this addon; see tests/access_matrix.py."""


def make(world):
    """Return rows of the ticket report, if tasks serve as tickets."""
    if "project.task" not in world.env:
        return {}
    desks = {
        company: world.env["project.project"].create(
            {
                "name": "Access",
                "lifecycle_is_service_desk": True,
                "company_id": company.id,
            }
        )
        for company in (world.home, world.branch, world.there)
    }
    names = ("mine", "others", "shared", "shared_there", "branch", "there")
    for name in names:
        profile = world.profiles[name]
        world.env["project.task"].create(
            {
                "name": "Access",
                "project_id": desks[profile.company_id].id,
                "partner_id": profile.partner_id.id,
            }
        )
    world.env.flush_all()
    Report = world.env["crm.lifecycle.ticket.report"]
    rows = {
        name: Report.search([("profile_id", "=", world.profiles[name].id)], limit=1)
        for name in names
    }
    return {
        Report._name: {
            name: (row, {"company_id": world.home.id}, None)
            for name, row in rows.items()
        }
    }


MODELS = """
model                       record       public portal employee seller leader manager technician admin
crm.lifecycle.ticket.report mine         -      -      -        r      r      r       -          r
crm.lifecycle.ticket.report others       -      -      -        -      r      r       -          r
crm.lifecycle.ticket.report branch       -      -      -        -      -      -       -          -
crm.lifecycle.ticket.report there        -      -      -        -      -      -       -          -
crm.lifecycle.ticket.report shared       -      -      -        r      r      r       -          r
crm.lifecycle.ticket.report shared_there -      -      -        -      -      -       -          -
"""


DASHBOARDS = """
dashboard                                                   public portal employee seller leader manager technician admin
crm_lifecycle_service_reports.spreadsheet_dashboard_service -      -      -        r      r      r       -          r
"""
