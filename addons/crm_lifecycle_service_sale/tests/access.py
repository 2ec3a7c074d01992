"""Who may do what here; see tests/access_matrix.py.

What orders gain here, `crm_lifecycle_service` and its bridges decide about.
"""
