"""Who may do what here; see tests/access_matrix.py."""


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
    return {"account.move": {"mine": invoice}}
