"""Who may do what here; see tests/access_matrix.py."""


def make(world):
    """Return the wizard that imports a lifecycle; it is made by its user."""
    values = {"company_id": world.home.id, "file": "e30=", "file_name": "a.json"}
    return {
        "crm.lifecycle.import": {
            "here": (world.env["crm.lifecycle.import"], None, values),
        },
    }


MODELS = """
model                record public portal employee seller leader manager technician admin
crm.lifecycle.import here   -      -      -        -      -      c       -          c
"""

METHODS = """
model                methods                   public portal employee seller leader manager technician admin
crm.lifecycle.import action_import,action_open -      -      -        -      -      x       -          x
"""

FIELDS = """
model                fields       public portal employee seller leader manager technician admin
crm.lifecycle.import with_actions -      -      -        -      -      -       -          rw
"""
