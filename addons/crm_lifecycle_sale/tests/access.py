"""Expected access rights in this addon; see tests/access_matrix.py."""

SEARCHES = """
    sale.order.lifecycle_profile_id
    sale.order.lifecycle_stage_id
"""


def make(world):
    """Return an order, which shows the stage of its customer, and its purchases."""
    orders = {
        name: world.env["sale.order"].create(
            {
                "partner_id": world.shared.id,
                "company_id": company.id,
                "user_id": user.id,
            }
        )
        for name, company, user in (
            ("mine", world.home, world.seller),
            ("others", world.home, world.colleague),
            ("branch", world.branch, world.seller),
            ("there", world.there, world.seller),
        )
    }
    return {
        "sale.order": {"mine": orders["mine"]},
        "crm.lifecycle.purchase": {
            name: world.env["crm.lifecycle.purchase"].create(
                {
                    "partner_id": world.shared.id,
                    "company_id": order.company_id.id,
                    "date": "2026-03-02",
                    "amount": 100,
                    "channel": "sale",
                    "model": "sale.order",
                    "res_id": order.id,
                }
            )
            for name, order in orders.items()
        },
    }


MODELS = """
model                  record public portal employee seller leader manager technician admin
crm.lifecycle.purchase mine   -      -      -        r      r      r       -          r
crm.lifecycle.purchase others -      -      -        -      r      r       -          r
crm.lifecycle.purchase branch -      -      -        -      -      -       -          -
crm.lifecycle.purchase there  -      -      -        -      -      -       -          -
"""

METHODS = """
model      methods                       public portal employee seller leader manager technician admin
sale.order action_open_lifecycle_profile -      -      -        x      x      x       -          x
"""

FIELDS = """
model       fields                                      public portal employee seller leader manager technician admin
sale.order  lifecycle_profile_id,lifecycle_stage_id     -      -      -        r      r      r       -          r
"""
