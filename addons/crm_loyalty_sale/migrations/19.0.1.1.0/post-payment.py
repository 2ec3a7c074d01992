"""Mark awards released by a payment, and correct what points to merged cards."""

from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    mark_released(cr)
    env = api.Environment(cr, SUPERUSER_ID, {"active_test": False})
    follow_merges(env)


def mark_released(cr):
    """Mark awards that were released by the payment of their order."""
    cr.execute(
        """
        UPDATE crm_loyalty_entry AS e SET is_released_by_payment = TRUE
          FROM loyalty_program AS p
         WHERE p.id = e.program_id AND p.crm_loyalty_pending_policy = 'paid'
           AND e.source_model = 'sale.order' AND e.kind = 'earn'
           AND e.available_date IS NOT NULL
        """
    )


def follow_merges(env):
    """Replace merged cards on quotations, and move points that returns left there."""
    merged = env["loyalty.card"].search([("crm_loyalty_merged_into_id", "!=", False)])
    for kept, cards in merged.grouped("crm_loyalty_merged_into_id").items():
        env["sale.order"]._search_open_orders(cards)._replace_cards(cards, kept)
    env["loyalty.card"]._forward_points(merged.filtered("points").ids)
