"""Expected access rights in this addon; see tests/access_matrix.py."""


def make(world):
    """Return purchases by month, by owner and company of their customer."""
    env = world.env
    product = env["product.product"].create({"name": "Access", "type": "service"})
    names = ("mine", "others", "shared", "shared_there", "branch", "there")
    for name in names:
        profile = world.profiles[name]
        env["sale.order"].create(
            {
                "partner_id": profile.partner_id.id,
                "company_id": profile.company_id.id,
                "user_id": profile.user_id.id,
                "order_line": [(0, 0, {"product_id": product.id, "price_unit": 10})],
            }
        ).state = "sale"
    env.flush_all()
    for company in world.companies:
        env["crm.lifecycle.purchase.month"]._refresh(company, full=True)
    return {
        model: {
            name: (
                env[model].search(
                    [("profile_id", "=", world.profiles[name].id)], limit=1
                ),
                {"company_id": world.home.id},
                None,
            )
            for name in names
        }
        for model in ("crm.lifecycle.purchase.month", "crm.lifecycle.purchase.report")
    }


MODELS = """
model                         record       public portal employee seller leader manager technician admin
crm.lifecycle.purchase.month  mine         -      -      -        r      r      r       -          r
crm.lifecycle.purchase.month  others       -      -      -        -      r      r       -          r
crm.lifecycle.purchase.month  branch       -      -      -        -      -      -       -          -
crm.lifecycle.purchase.month  there        -      -      -        -      -      -       -          -
crm.lifecycle.purchase.month  shared       -      -      -        r      r      r       -          r
crm.lifecycle.purchase.month  shared_there -      -      -        -      -      -       -          -
crm.lifecycle.purchase.report mine         -      -      -        r      r      r       -          r
crm.lifecycle.purchase.report others       -      -      -        -      r      r       -          r
crm.lifecycle.purchase.report branch       -      -      -        -      -      -       -          -
crm.lifecycle.purchase.report there        -      -      -        -      -      -       -          -
crm.lifecycle.purchase.report shared       -      -      -        r      r      r       -          r
crm.lifecycle.purchase.report shared_there -      -      -        -      -      -       -          -
"""


METHODS = """
model                         methods                     public portal employee seller leader manager technician admin
crm.lifecycle.purchase.report get_lifecycle_cohorts       -      -      -        x      x      x       -          x
crm.lifecycle.purchase.report get_lifecycle_cohort_action x      x      x        x      x      x       x          x
"""


ARGS = {
    "crm.lifecycle.purchase.report.get_lifecycle_cohorts": lambda world: ([],),
    "crm.lifecycle.purchase.report.get_lifecycle_cohort_action": lambda world: (
        [],
        {},
        "2026-03-01",
    ),
}


FIELDS = """
model       fields                       public portal employee seller leader manager technician admin
res.company lifecycle_purchase_watermark r      r      r        r      r      r       rw         rw
res.company lifecycle_purchase_as_of     r      r      r        r      r      r       rw         rw
"""
