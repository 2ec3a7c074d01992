"""Expected access rights in this addon; see tests/access_matrix.py."""

METHODS = """
model             methods          public portal employee seller leader manager technician admin
crm.lifecycle.run action_open_jobs -      -      -        -      -      x       -          x
"""
