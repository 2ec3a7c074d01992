"""What the addons with a kind of ticket do when they come and go."""

from odoo.addons.crm_lifecycle.bridge import collect_all


def add_tickets(env, model_name):
    """Log once which tickets were closed before, and collect everybody."""
    kind = env["crm.lifecycle.source.ticket"]._get_kind(model_name)
    env["crm.lifecycle.ticket.log"]._note(kind)
    collect_all(env)


def remove_tickets(env, model_name):
    """Delete the log of the tickets, and collect everybody."""
    log = env["crm.lifecycle.ticket.log"]
    log.search([("res_model", "=", model_name)]).unlink()
    collect_all(env)
