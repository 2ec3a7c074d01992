"""Install and uninstall hooks of addons that add a kind of ticket."""

from odoo.addons.crm_lifecycle.bridge import schedule_full_rebuild


def register_ticket_model(env, model_name):
    """Log which tickets were closed before, and refresh all customers."""
    kind = env["crm.lifecycle.source.ticket"]._get_ticket_kind(model_name)
    env["crm.lifecycle.ticket.log"]._log_changes(kind)
    schedule_full_rebuild(env)


def unregister_ticket_model(env, model_name):
    """Delete the log of the tickets, and refresh all customers."""
    log = env["crm.lifecycle.ticket.log"]
    log.search([("res_model", "=", model_name)]).unlink()
    schedule_full_rebuild(env)
