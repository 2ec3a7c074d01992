from odoo.addons.crm_lifecycle.bridge import schedule_full_rebuild


def post_init_hook(env):
    """Read all orders again: lines of the till now belong to orders of Sales."""
    env["crm.lifecycle.purchase.watermark"]._reset(["pos", "sale"])
    schedule_full_rebuild(env)


def uninstall_hook(env):
    post_init_hook(env)
