"""Expected access rights in this addon; see tests/access_matrix.py."""

# Without a column, a cashier has the rights of an employee.
ROLES = {"cashier": "base.group_user,point_of_sale.group_pos_user"}

SEARCHES = """
    pos.order.lifecycle_profile_id
    pos.order.lifecycle_stage_id
"""


def make(world):
    """Return a till order, which shows the stage of its customer."""
    env = world.env
    journal = {"type": "sale", "company_id": world.home.id}
    journal = env["account.journal"].create({"name": "Till", "code": "TIL", **journal})
    till = env["pos.config"].create(
        {
            "name": "Access till",
            "company_id": world.home.id,
            "journal_id": journal.id,
            "invoice_journal_id": journal.id,
            "payment_method_ids": False,
        }
    )
    session = env["pos.session"].create({"config_id": till.id})
    order = {
        "session_id": session.id,
        "company_id": world.home.id,
        "partner_id": world.shared.id,
        "amount_total": 0,
        "amount_tax": 0,
        "amount_paid": 0,
        "amount_return": 0,
    }
    return {"pos.order": {"mine": env["pos.order"].create(order)}}


# A role of Sales alone reads no till order; with the role of a cashier, it does.
METHODS = """
model     methods                       public portal employee seller leader manager technician admin cashier
pos.order action_open_lifecycle_profile -      -      -        x      x      x       -          x     -
"""

FIELDS = """
model     fields                                  public portal employee seller leader manager technician admin cashier
pos.order lifecycle_profile_id,lifecycle_stage_id -      -      -        -      -      -       -          -     -
"""
