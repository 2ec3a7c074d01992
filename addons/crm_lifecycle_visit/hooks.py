from odoo.addons.crm_lifecycle.bridge import schedule_full_rebuild


def post_init_hook(env):
    schedule_full_rebuild(env)


def uninstall_hook(env):
    _clear_activity_type_references(env)
    schedule_full_rebuild(env)


def _clear_activity_type_references(env):
    """Remove all references to the activity type, so that it can be deleted.

    Deletes the activities of planned visits. Other records of the type become to-dos.
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
