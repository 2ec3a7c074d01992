"""Facts come and go with the bridge: the next run starts from nothing."""


def post_init_hook(env):
    env["crm.lifecycle.run"]._forget_watermark(env["res.company"].search([]))


def uninstall_hook(env):
    _let_activities_go(env)
    env["crm.lifecycle.run"]._forget_watermark(env["res.company"].search([]))


def _let_activities_go(env):
    """Let the type of activities be deleted, which it can't while it is in use.

    Visits that are planned go with their activities. What people use the type for
    themselves becomes a to-do.
    """
    env = env(context={**env.context, "active_test": False})
    env["crm.lifecycle.visit"].search([]).activity_id.unlink()
    visit = env.ref("crm_lifecycle_visit.mail_activity_type_visit", False)
    todo = env.ref("mail.mail_activity_data_todo")
    for model, field in (
        ("mail.activity", "activity_type_id"),
        ("mail.activity.plan.template", "activity_type_id"),
        ("mail.activity.type", "triggered_next_type_id"),
        ("ir.actions.server", "activity_type_id"),
    ):
        if visit:
            env[model].search([(field, "=", visit.id)])[field] = todo
