"""Facts come and go with the addon: the next run starts from nothing."""


def post_init_hook(env):
    env["crm.lifecycle.run"]._forget_watermark(env["res.company"].search([]))


def uninstall_hook(env):
    env["crm.lifecycle.run"]._forget_watermark(env["res.company"].search([]))
