"""Who may do what here; see tests/access_matrix.py."""

FIELDS = """
model              fields             public portal employee seller leader manager technician admin
crm.lifecycle      move_action_ids    -      -      -        -      -      -       -          rw
crm.lifecycle.playbook.log webhook_id,payload -      -      -        -      -      -       -          r
"""
