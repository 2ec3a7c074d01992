from odoo.addons.crm_lifecycle_purchase.bridge import remove_channel


def uninstall_hook(env):
    """Remove the purchases of this channel from the ledger."""
    remove_channel(env, "sale")
