"""Who may do what here; see tests/access_matrix.py."""


def make(world):
    """Return tasks of the seller and of a colleague, in each company."""
    found = {}
    for name, user, company in (
        ("mine", world.seller, world.home),
        ("others", world.colleague, world.home),
        ("branch", world.seller, world.branch),
        ("there", world.seller, world.there),
    ):
        task = {
            "name": "Access",
            "user_id": user.id,
            "company_id": company.id,
            "model": "res.partner",
            "res_ids": [],
            "method": "_task_access",
        }
        record = world.env["background.task"].create(task)
        found[name] = (record, {"name": "Forged"}, task)
    return {"background.task": found}


MODELS = """
model           record public portal employee seller leader manager technician admin
background.task mine   -      -      -        r      -      -       r          r
background.task others -      -      -        -      -      -       r          r
background.task branch -      -      -        -      -      -       -          -
background.task there  -      -      -        -      -      -       -          -
"""

METHODS = """
model           methods                          public portal employee seller leader manager technician admin
background.task action_cancel,action_open_result -      -      -        x      -      -       x          x
background.task action_start_again               -      -      -        x      -      -       x          x
"""

FIELDS = """
model           fields                                public portal employee seller leader manager technician admin
background.task model,res_ids,method,arguments,result -      -      -        -      -      -       r          r
"""
