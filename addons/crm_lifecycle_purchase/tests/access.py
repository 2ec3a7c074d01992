"""Expected access rights in this addon; see tests/access_matrix.py.

Purchases are tried where a channel provides documents: see `crm_lifecycle_sale`.
"""

# Owner or company of each customer; see `make_profiles` of the base.
CUSTOMERS = ("mine", "others", "free", "shared", "shared_there", "branch", "there")


def make(world):
    """Return imported purchases, and records that the update of the ledger uses."""
    env = world.env
    imported = {}
    for name in CUSTOMERS:
        profile = world.profiles[name]
        values = {
            "partner_id": profile.partner_id.id,
            "company_id": profile.company_id.id,
            "name": "ACCESS",
            "date": "2026-01-31",
            "amount": 1,
        }
        imported[name] = (
            env["crm.lifecycle.purchase.import"].create(values),
            {"amount": 2},
            {**values, "name": "ACCESS 2"},
        )
    return {
        "crm.lifecycle.purchase.import": imported,
        "crm.lifecycle.purchase.pending": {
            "any": env["crm.lifecycle.purchase.pending"].create(
                {"channel": "access", "res_id": 1}
            )
        },
        "crm.lifecycle.purchase.watermark": {
            "any": env["crm.lifecycle.purchase.watermark"].create({"channel": "access"})
        },
    }


OPENS = """
    crm.lifecycle.profile.action_open_purchases
    crm.lifecycle.purchase.action_open_document
"""

MODELS = """
model                            record       public portal employee seller leader manager technician admin
crm.lifecycle.purchase.import    mine         -      -      -        r      r      rwcd    -          rwcd
crm.lifecycle.purchase.import    others       -      -      -        -      r      rwcd    -          rwcd
crm.lifecycle.purchase.import    free         -      -      -        r      r      rwcd    -          rwcd
crm.lifecycle.purchase.import    shared       -      -      -        r      r      rwcd    -          rwcd
crm.lifecycle.purchase.import    shared_there -      -      -        -      -      -       -          -
crm.lifecycle.purchase.import    branch       -      -      -        -      -      -       -          -
crm.lifecycle.purchase.import    there        -      -      -        -      -      -       -          -
crm.lifecycle.purchase.pending   any          -      -      -        -      -      -       r          r
crm.lifecycle.purchase.watermark any          -      -      -        -      -      -       r          r
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
"""
