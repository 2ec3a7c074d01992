"""Records of this addon for the access matrix; see tests/access_matrix.py."""


def make(world):
    """Return the records to test: an order of the salesperson."""
    order = {
        "partner_id": world.shared.id,
        "company_id": world.home.id,
        "user_id": world.seller.id,
    }
    return {"sale.order": {"mine": world.env["sale.order"].create(order)}}


FIELDS = """
model           fields                     public portal employee seller leader manager accountant technician admin viewer adjuster approver steward worker
sale.order      crm_loyalty_points_round               -      -      -        r      r      r       r          -          r     -      -        -        -       r
loyalty.program crm_loyalty_earn_base,crm_loyalty_cashback_percent -      -      -        r      r      rw      -          -          rw    r      r        r        rw      -
"""
