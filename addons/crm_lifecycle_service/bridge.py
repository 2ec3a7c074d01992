"""Install and uninstall hooks of addons that add a kind of ticket."""

from odoo.addons.crm_lifecycle.bridge import collect_all


def add_tickets(env, model_name):
    """Log which tickets were closed before, and refresh all customers."""
    kind = env["crm.lifecycle.source.ticket"]._get_kind(model_name)
    env["crm.lifecycle.ticket.log"]._note(kind)
    collect_all(env)


def remove_tickets(env, model_name):
    """Delete the log of the tickets, and refresh all customers."""
    log = env["crm.lifecycle.ticket.log"]
    log.search([("res_model", "=", model_name)]).unlink()
    collect_all(env)
