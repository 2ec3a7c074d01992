"""Who may do what here; see tests/access_matrix.py."""


def make(world):
    """Return the documents to print and to send, of which company."""
    env = world.env
    return {
        "crm.lifecycle.print": {"here": (env["crm.lifecycle.print"], None, {})},
        **make_mailings(world),
        "ir.actions.report": {
            "here": env.ref("crm_lifecycle_documents.action_report_customer")
        },
    }


def make_mailings(world):
    """Reports that come by mail, with one that was sent."""
    mailings, deliveries = {}, {}
    for name, company in (
        ("here", world.home),
        ("branch", world.branch),
        ("there", world.there),
    ):
        vals = {
            "name": "Access",
            "company_id": company.id,
            "user_ids": world.users["manager"].ids,
        }
        mailing = world.env["crm.lifecycle.mailing"].create(vals)
        mailings[name] = mailing, {"name": "Changed"}, vals
        sent = {
            "mailing_id": mailing.id,
            "user_id": world.users["manager"].id,
            "date_from": "2026-02-23",
            "date_to": "2026-03-01",
        }
        delivery = world.env["crm.lifecycle.mailing.delivery"].create(sent)
        deliveries[name] = (
            delivery,
            {"state": "sent"},
            {**sent, "date_to": "2026-03-08"},
        )
    return {
        "crm.lifecycle.mailing": mailings,
        "crm.lifecycle.mailing.delivery": deliveries,
    }


MODELS = """
model                          record public portal employee seller leader manager technician admin
crm.lifecycle.print            here   -      -      -        c      c      c       -          c
crm.lifecycle.mailing          here   -      -      -        -      -      rwcd    -          rwcd
crm.lifecycle.mailing          there  -      -      -        -      -      -       -          -
crm.lifecycle.mailing          branch -      -      -        -      -      -       -          -
crm.lifecycle.mailing.delivery here   -      -      -        -      -      r       -          r
crm.lifecycle.mailing.delivery there  -      -      -        -      -      -       -          -
crm.lifecycle.mailing.delivery branch -      -      -        -      -      -       -          -
"""

METHODS = """
model                 methods                  public portal employee seller leader manager technician admin
crm.lifecycle.mailing action_send              -      -      -        -      -      x       -          x
crm.lifecycle.print   action_print,action_show -      -      -        x      x      x       -          x
"""

FIELDS = """
model             fields   public portal employee seller leader manager technician admin
ir.actions.report lifecycle_is_paged -      -      r        r      r      r       rw         rw
"""

REPORTS = """
report                                         model                 public portal employee seller leader manager technician admin
crm_lifecycle_documents.action_report_customer crm.lifecycle.profile -      -      -        x      x      x       -          x
crm_lifecycle_documents.action_report_contact  res.partner           -      -      -        x      x      x       -          x
crm_lifecycle_documents.action_report_period   crm.lifecycle.print   -      -      -        x      x      x       -          x
crm_lifecycle_documents.action_report_warning  crm.lifecycle.print   -      -      -        x      x      x       -          x
"""
