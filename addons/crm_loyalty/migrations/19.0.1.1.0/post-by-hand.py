"""Fill the new fields: users of manual entries, merges, people of adjustments."""

REASON = "Adjusted"


def migrate(cr, version):
    note_by_hand(cr)
    note_merges(cr)
    note_people(cr)
    hide_reasons(cr)


def note_by_hand(cr):
    """Set the user of manual entries for the days that the approval limit covers."""
    cr.execute(
        """
        UPDATE crm_loyalty_entry AS e
           SET manual_user_id = COALESCE(a.user_id, e.user_id)
          FROM crm_loyalty_entry AS x
          LEFT JOIN crm_loyalty_adjustment AS a
            ON x.source_model = 'crm.loyalty.adjustment' AND a.id = x.source_id
          LEFT JOIN crm_loyalty_bonus_rule AS r
            ON x.source_model = 'crm.loyalty.bonus.rule' AND r.id = x.source_id
         WHERE e.id = x.id AND e.date > now()::date - 31
           AND e.manual_user_id IS NULL
           AND (a.id IS NOT NULL
                OR r.trigger = 'manual'
                OR e.key LIKE 'reinstate:%'
                OR e.key IS NULL AND e.source_model IS NULL AND e.user_id <> 1
                   AND e.kind IN ('adjust', 'bonus', 'opening'))
        """
    )


def note_merges(cr):
    """Set into which card others were merged, if their points were transferred."""
    cr.execute(
        """
        UPDATE loyalty_card AS c SET crm_loyalty_merged_into_id = e.card_id
          FROM crm_loyalty_entry AS e
         WHERE e.kind = 'transfer' AND e.points > 0 AND e.source_id = c.id
           AND e.source_model = 'loyalty.card' AND NOT c.active
           AND c.crm_loyalty_merged_into_id IS NULL
        """
    )


def note_people(cr):
    """Set the last writer of open adjustments as their editor and requester."""
    cr.execute(
        """
        UPDATE crm_loyalty_adjustment
           SET editor_id = COALESCE(write_uid, user_id),
               asker_id = CASE WHEN state = 'draft' THEN NULL
                               ELSE COALESCE(write_uid, user_id) END
         WHERE editor_id IS NULL AND state IN ('draft', 'waiting')
        """
    )


def hide_reasons(cr):
    """Remove the reasons of corrections from the history that customers read."""
    cr.execute(
        """
        UPDATE loyalty_history AS h SET description = %s
          FROM crm_loyalty_adjustment AS a
          JOIN crm_loyalty_entry AS e ON e.id = a.entry_id
         WHERE h.card_id = a.card_id AND h.description = a.reason
           AND a.kind = 'adjust' AND h.order_id IS NULL
           AND h.create_date BETWEEN e.create_date - interval '5 seconds'
                                 AND e.create_date + interval '5 seconds'
        """,
        [REASON],
    )
