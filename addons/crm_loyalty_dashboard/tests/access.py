"""Records of this addon for the access matrix; see tests/access_matrix.py."""


def make(world):
    """Return the records to test: a digest of the company."""
    digest = world.env["digest.digest"].create(
        {"name": "Access", "company_id": world.home.id}
    )
    return {"digest.digest": {"here": digest}}


FIELDS = """
model         fields                      public portal employee seller leader manager accountant technician admin viewer adjuster approver steward
digest.digest kpi_loyalty_liability       -      -      r        r      r      r       r          rw         rw    r      r        r        r
digest.digest kpi_loyalty_liability_value -      -      -        r      r      r       -          -          r     r      r        r        r
"""

DASHBOARDS = """
dashboard                                           public portal employee seller leader manager accountant technician admin viewer adjuster approver steward
crm_loyalty_dashboard.spreadsheet_dashboard_loyalty -      -      -        -      -      r       -          -          r     -      r        r        r
"""
