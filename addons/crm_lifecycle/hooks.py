"""Hooks for installation and uninstallation."""


def post_init_hook(env):
    """Analyze the new columns: almost no customer objects to profiling.

    A new column of a big table has no statistics until the table is analyzed for other
    reasons, and the planner assumes that it is filled: each search for the few who
    object would read all contacts.
    """
    for table in ("res_partner", "crm_lead"):
        env.cr.execute(f"ANALYZE {table} (lifecycle_objection_date)")


def uninstall_hook(env):
    """Delete records that refer to our models without a foreign key."""
    models = ("crm.lifecycle.profile", "crm.lifecycle", "crm.lifecycle.task")
    for name in ("mail.activity", "ir.attachment"):
        env[name].with_context(active_test=False).search(
            [("res_model", "in", models)]
        ).unlink()
    env["mail.message"].search([("model", "in", models)]).unlink()
    env["mail.followers"].search([("res_model", "in", models)]).unlink()
