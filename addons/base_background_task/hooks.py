"""Installation over an earlier database, and uninstallation.

Background tasks were part of the addon ``crm_lifecycle`` once. Where a database has
them, installation renames what it finds, so that tasks, views and the scheduled job
stay; the data files then update them.
"""

from odoo.tools import sql

from odoo.addons.base_rename.rename import Renames, apply_renames

RENAMES = Renames(
    models={
        "crm.lifecycle.task": "background.task",
        "crm.lifecycle.progress": "background.task.progress.mixin",
    },
    fields={"background.task": {"is_cancel_asked": "is_cancel_requested"}},
    moved={
        ("crm_lifecycle", "base_background_task"): {
            "access_crm_lifecycle_task_user": "access_background_task_user",
            "crm_lifecycle_task_action": "background_task_action",
            "crm_lifecycle_task_all_rule": "background_task_all_rule",
            "crm_lifecycle_task_company_rule": "background_task_company_rule",
            "crm_lifecycle_task_personal_rule": "background_task_own_rule",
            "crm_lifecycle_task_view_dialog": "background_task_view_dialog",
            "crm_lifecycle_task_view_form": "background_task_view_form",
            "crm_lifecycle_task_view_kanban": "background_task_view_kanban",
            "crm_lifecycle_task_view_list": "background_task_view_list",
            "crm_lifecycle_task_view_search": "background_task_view_search",
            "ir_cron_task": "ir_cron_run_tasks",
            "ir_cron_task_ir_actions_server": "ir_cron_run_tasks_ir_actions_server",
        }
    },
)


def pre_init_hook(env):
    """Take over the tasks of an earlier database, if there are any."""
    if sql.table_exists(env.cr, "crm_lifecycle_task"):
        apply_renames(env.cr, RENAMES)
        forget_job_translations(env.cr)
        env.registry.clear_all_caches()
        env.invalidate_all(flush=False)


def forget_job_translations(cr):
    """Keep the scheduled job's name in English only; its old name is translated.

    Importing translations leaves those that a record has.
    """
    cr.execute(
        """
        UPDATE ir_act_server AS s
           SET name = jsonb_build_object('en_US', s.name->>'en_US')
          FROM ir_cron AS c
          JOIN ir_model_data AS d ON d.model = 'ir.cron' AND d.res_id = c.id
         WHERE s.id = c.ir_actions_server_id AND d.module = %s AND d.name = %s
        """,
        ["base_background_task", "ir_cron_run_tasks"],
    )


def uninstall_hook(env):
    """Delete the messages about tasks: no foreign key does."""
    env["mail.message"].search([("model", "=", "background.task")]).unlink()
