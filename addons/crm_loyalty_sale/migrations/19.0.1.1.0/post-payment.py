"""Mark awards that were released by the payment of their order."""


def migrate(cr, version):
    cr.execute(
        """
        UPDATE crm_loyalty_entry AS e SET is_released_by_payment = TRUE
          FROM loyalty_program AS p
         WHERE p.id = e.program_id AND p.crm_loyalty_pending_policy = 'paid'
           AND e.source_model = 'sale.order' AND e.kind = 'earn'
           AND e.available_date IS NOT NULL
        """
    )
