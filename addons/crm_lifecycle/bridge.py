"""What the addons with sources of facts share; their manifests name these hooks."""


def collect_all(env):
    """Have the next run collect everybody: facts come and go with an addon."""
    env["crm.lifecycle.run"]._forget_watermark(env["res.company"].search([]))
