"""Hooks for installation and uninstallation."""

from odoo.tools import SQL

from .models.background_task import KINDS
from .renames import MODULES


def pre_init_hook(env):
    """Remove addons under former names from the list of addons.

    Odoo keeps addons without a folder in its list. One that installs itself would be
    marked for installation for ever.
    """
    env.cr.execute(
        SQL(
            """
            WITH listed AS (
                DELETE FROM ir_module_module
                 WHERE name = ANY(%s)
                   AND state IN ('uninstalled', 'to install', 'uninstallable')
             RETURNING id
            )
            DELETE FROM ir_model_data
             WHERE model = 'ir.module.module' AND res_id IN (SELECT id FROM listed)
            """,
            list(MODULES),
        )
    )


def post_init_hook(env):
    """Analyze the new columns: almost no customer objects to profiling.

    A new column of a big table has no statistics until the table is analyzed for other
    reasons, and the planner assumes that it is filled: each search for the few who
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
