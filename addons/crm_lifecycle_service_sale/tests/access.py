"""Expected access rights in this addon; see tests/access_matrix.py.

`crm_lifecycle_service` and its bridges test the rights on what orders gain here.
"""
