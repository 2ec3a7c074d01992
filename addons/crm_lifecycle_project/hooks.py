from odoo.addons.crm_lifecycle_service.bridge import add_tickets, remove_tickets


def post_init_hook(env):
    add_tickets(env, "project.task")


def uninstall_hook(env):
    remove_tickets(env, "project.task")
