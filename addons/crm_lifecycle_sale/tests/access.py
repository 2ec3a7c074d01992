"""Who may do what here; see tests/access_matrix.py."""


def make(world):
    """Return an order, which shows the stage of its customer."""
    order = {
        "partner_id": world.shared.id,
        "company_id": world.home.id,
        "user_id": world.seller.id,
    }
    return {"sale.order": {"mine": world.env["sale.order"].create(order)}}

METHODS = """
model      methods                       public portal employee seller leader manager technician admin
sale.order action_open_lifecycle_profile -      -      -        x      x      x       -          x
"""
