"""Hooks of the addons with sources of facts, named in their manifests."""


def schedule_full_rebuild(env):
    """Have the next run collect all customers: an addon adds and removes facts."""
    env["crm.lifecycle.run"]._reset_watermark(env["res.company"].search([]))
