"""Hooks of the addons with channels of purchases, for their manifests."""

from odoo.tools import SQL

from odoo.addons.crm_lifecycle.bridge import schedule_full_rebuild


def read_all_documents(env):
    """Have the next run compare all documents: channels divide them in another way."""
    env["crm.lifecycle.purchase.watermark"]._reset()
    schedule_full_rebuild(env)


def remove_channel(env, channel):
    """Remove the purchases of a channel that is uninstalled.

    :param channel: the key of the channel
    """
    for table in ("purchase_pending", "purchase", "purchase_watermark"):
        env.cr.execute(
            SQL(
                "DELETE FROM %s WHERE channel = %s",
                SQL.identifier(f"crm_lifecycle_{table}"),
                channel,
            )
        )
    env.invalidate_all()
    read_all_documents(env)
