"""What installation has to tell the database, and uninstallation to take away."""

from .models.background_task import KINDS


def post_init_hook(env):
    """Tell the planner that next to nobody objects to profiling.

    Of a column that is new to a big table it knows nothing until the table is
    analysed for other reasons, and takes it for filled: each look for the few who
    object would read all contacts.
    """
    for table in ("res_partner", "crm_lead"):
        env.cr.execute(f"ANALYZE {table} (lifecycle_objection_date)")


def uninstall_hook(env):
    """Remove what points to our models without a foreign key."""
    models = ("crm.lifecycle.profile", "crm.lifecycle")
    for name in ("mail.activity", "ir.attachment"):
        env[name].with_context(active_test=False).search(
            [("res_model", "in", models)]
        ).unlink()
    env["mail.message"].search([("model", "in", models)]).unlink()
    env["mail.followers"].search([("res_model", "in", models)]).unlink()
    # The tasks themselves go with the values of their kind.
    tasks = env["background.task"].search([("kind", "in", KINDS)])
    env["mail.message"].search(
        [("model", "=", tasks._name), ("res_id", "in", tasks.ids)]
    ).unlink()
