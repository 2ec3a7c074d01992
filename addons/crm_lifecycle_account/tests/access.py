"""Expected access rights in this addon; see tests/access_matrix.py."""

SEARCHES = """
    account.move.lifecycle_profile_id
    account.move.lifecycle_stage_id
"""


def make(world):
    """Return an invoice, which shows the stage of its customer."""
    journal = world.env["account.journal"].create(
        {
            "name": "Access",
            "code": "ACC",
            "type": "sale",
            "company_id": world.home.id,
        }
    )
    invoice = world.env["account.move"].create(
        {
            "move_type": "out_invoice",
            "journal_id": journal.id,
            "company_id": world.home.id,
            "partner_id": world.profiles["mine"].partner_id.id,
            "invoice_user_id": world.seller.id,
        }
    )
    return {
        "account.move": {"mine": invoice},
        # It has the fields of its entry. Accountants create it.
        "account.bank.statement.line": {
            "here": world.env["account.bank.statement.line"]
        },
    }


METHODS = """
model        methods                       public portal employee seller leader manager technician admin
account.move action_open_lifecycle_profile -      -      -        x      x      x       -          x
"""

FIELDS = """
model                       fields                                           public portal employee seller leader manager technician admin
account.move                lifecycle_profile_id,lifecycle_stage_id          -      -      -        r      r      r       -          r
account.bank.statement.line lifecycle_profile_id,lifecycle_stage_id          -      -      -        -      -      -       -          -
res.partner                 lifecycle_balance_due,lifecycle_overdue_*        -      -      -        r      r      r       -          r
res.users                   lifecycle_balance_due,lifecycle_overdue_*        -      -      -        r      r      r       -          r
crm.lead                    lifecycle_balance_due,lifecycle_overdue_*        -      -      -        r      r      r       -          r
crm.lifecycle.profile       invoiced_total,credit_note_total,paid_total      -      -      -        r      r      r       -          r
crm.lifecycle.profile       balance_due,overdue_amount                       -      -      -        r      r      r       -          r
"""
