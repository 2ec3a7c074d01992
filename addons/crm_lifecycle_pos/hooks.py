from odoo.tools import SQL

from odoo.addons.crm_lifecycle.bridge import schedule_full_rebuild


def post_init_hook(env):
    """Read all documents of the till, and invoices: those of the till count once."""
    env["crm.lifecycle.purchase.watermark"]._reset(["invoice"])
    schedule_full_rebuild(env)


def uninstall_hook(env):
    """Remove the purchases at the till; its invoices count as invoices from now on."""
    env.cr.execute(
        SQL("DELETE FROM crm_lifecycle_purchase_pending WHERE channel = 'pos'")
    )
    env.cr.execute(SQL("DELETE FROM crm_lifecycle_purchase WHERE channel = 'pos'"))
    env["crm.lifecycle.purchase.watermark"].search([("channel", "=", "pos")]).unlink()
    post_init_hook(env)
