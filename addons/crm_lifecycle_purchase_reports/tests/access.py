"""Expected access rights in this addon; see tests/access_matrix.py."""

from odoo.addons.crm_lifecycle.engine.scope import ALL_TOPICS


def make(world):
    """Return purchases by month, by owner and company of their customer."""
    env = world.env
    names = ("mine", "others", "shared", "shared_there", "branch", "there")
    env["crm.lifecycle.purchase.import"].create(
        [
            {
                "partner_id": world.profiles[name].partner_id.id,
                "company_id": world.profiles[name].company_id.id,
                "name": "ACCESS MONTH",
                "date": "2026-01-31",
                "amount": 10,
            }
            for name in names
        ]
    )
    env["crm.lifecycle.purchase.channel"]._update_ledger(ALL_TOPICS)
    env.flush_all()
    for company in world.companies:
        env["crm.lifecycle.purchase.month"]._refresh(company, full=True)
    records = {
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
    Pending = env["crm.lifecycle.purchase.month.pending"]
    records[Pending._name] = {
        name: Pending.create(
            {
                "company_id": world.profiles[name].company_id.id,
                "partner_id": world.profiles[name].partner_id.id,
            }
        )
        for name in ("mine", "branch", "shared_there")
    }
    return records


MODELS = """
model                                record       public portal employee seller leader manager technician admin
crm.lifecycle.purchase.month         mine         -      -      -        r      r      r       -          r
crm.lifecycle.purchase.month         others       -      -      -        -      r      r       -          r
crm.lifecycle.purchase.month         branch       -      -      -        -      -      -       -          -
crm.lifecycle.purchase.month         there        -      -      -        -      -      -       -          -
crm.lifecycle.purchase.month         shared       -      -      -        r      r      r       -          r
crm.lifecycle.purchase.month         shared_there -      -      -        -      -      -       -          -
crm.lifecycle.purchase.month.pending mine         -      -      -        -      -      -       r          r
crm.lifecycle.purchase.month.pending branch       -      -      -        -      -      -       r          r
crm.lifecycle.purchase.month.pending shared_there -      -      -        -      -      -       r          r
crm.lifecycle.purchase.report        mine         -      -      -        r      r      r       -          r
crm.lifecycle.purchase.report        others       -      -      -        -      r      r       -          r
crm.lifecycle.purchase.report        branch       -      -      -        -      -      -       -          -
crm.lifecycle.purchase.report        there        -      -      -        -      -      -       -          -
crm.lifecycle.purchase.report        shared       -      -      -        r      r      r       -          r
crm.lifecycle.purchase.report        shared_there -      -      -        -      -      -       -          -
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
