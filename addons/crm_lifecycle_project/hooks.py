"""What was closed before is noted once; facts start from nothing."""


def post_init_hook(env):
    kind = env["crm.lifecycle.source.ticket"]._get_kind("project.task")
    env["crm.lifecycle.ticket.log"]._note(kind)
    env["crm.lifecycle.run"]._forget_watermark(env["res.company"].search([]))


def uninstall_hook(env):
    env["crm.lifecycle.ticket.log"].search(
        [("res_model", "=", "project.task")]
    ).unlink()
    env["crm.lifecycle.run"]._forget_watermark(env["res.company"].search([]))
