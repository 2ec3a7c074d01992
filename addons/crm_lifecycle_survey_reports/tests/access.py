"""Expected access rights in this addon; see tests/access_matrix.py."""

DASHBOARDS = """
dashboard                                                       public portal employee seller leader manager technician admin
crm_lifecycle_survey_reports.spreadsheet_dashboard_satisfaction -      -      -        r      r      r       -          r
"""


FIELDS = """
model         fields                  public portal employee seller leader manager technician admin
digest.digest kpi_lifecycle_nps       -      -      r        r      r      r       rw         rw
digest.digest kpi_lifecycle_nps_value -      -      -        r      r      r       -          r
"""
