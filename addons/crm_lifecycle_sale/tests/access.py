"""Expected access rights in this addon; see tests/access_matrix.py."""

SEARCHES = """
    sale.order.lifecycle_profile_id
    sale.order.lifecycle_stage_id
"""


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

FIELDS = """
model       fields                                      public portal employee seller leader manager technician admin
res.partner lifecycle_currency_id,lifecycle_order_count -      -      -        r      r      r       -          r
res.partner lifecycle_last_order_date                   -      -      -        r      r      r       -          r
res.partner lifecycle_order_total                       -      -      -        r      r      r       -          r
res.partner lifecycle_order_total_12m                   -      -      -        r      r      r       -          r
res.users   lifecycle_currency_id,lifecycle_order_count -      -      -        r      r      r       -          r
res.users   lifecycle_last_order_date                   -      -      -        r      r      r       -          r
res.users   lifecycle_order_total                       -      -      -        r      r      r       -          r
res.users   lifecycle_order_total_12m                   -      -      -        r      r      r       -          r
crm.lead    lifecycle_currency_id,lifecycle_order_count -      -      -        r      r      r       -          r
crm.lead    lifecycle_last_order_date                   -      -      -        r      r      r       -          r
crm.lead    lifecycle_order_total                       -      -      -        r      r      r       -          r
crm.lead    lifecycle_order_total_12m                   -      -      -        r      r      r       -          r
sale.order  lifecycle_profile_id,lifecycle_stage_id     -      -      -        r      r      r       -          r
"""
