from odoo.addons.crm_lifecycle_service.bridge import (
    register_ticket_model,
    unregister_ticket_model,
)


def post_init_hook(env):
    register_ticket_model(env, "project.task")


def uninstall_hook(env):
    unregister_ticket_model(env, "project.task")
