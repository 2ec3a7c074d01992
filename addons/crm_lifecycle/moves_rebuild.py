"""A rebuilt past: the statements that replace the beginning of histories, and undo it.

Part of the move service, see `moves`: apart from it, only this module adds rows to the
history or writes stages. `run.rebuild` executes the statements.

The history of a customer, in its order, is a past that a replay brought in, the
*placement* by the activation, and what has happened since. A rebuild replaces the past
and the placement. Moves of a replay come first, whatever their ids are: a rebuild adds
them when later moves exist.

Worked example: Ada was placed in “Customer” by the activation on March 1, and has been
“Lost” since May. The rebuilt past says prospect (January 5), customer (February 3).
The placement goes, and the move to “Lost” now ends 87 days as a customer. If the past
ended in “Engaged”, the placement would stay, as a move from there.

Tables of the session:

- ``lifecycle_rebuild``: customers who take part, with the moves to replace
- ``lifecycle_rebuilt_history``, ``lifecycle_rebuilt_profile``: what the replay found
- ``lifecycle_rebuild_plan``: what is done to each customer
"""

from datetime import date

from odoo.tools import SQL

from .engine import bounds

TABLES = ("lifecycle_rebuild", "lifecycle_rebuilt_history", "lifecycle_rebuilt_profile")
# Customers with moves of these origins keep their whole history.
ORIGINS_KEPT_WHOLE = ("import", "merge", "convert")
# Columns of a profile that a rebuild changes and an undo restores.
RESTORED = (
    "lifecycle_id",
    "stage_id",
    "stage_date",
    "date_last_stage_update",
    "follow_up_date",
)


def drop_tables() -> SQL:
    """Drop the tables that outlive a commit."""
    return SQL("DROP TABLE IF EXISTS %s", SQL(", ").join(map(SQL.identifier, TABLES)))


def list_customers(company_id: int, lifecycle_id: int) -> list[SQL]:
    """List the customers with a beginning that a rebuild may replace.

    It is the past of replays, and the placement: quiet moves of one day by which the
    first run of the lifecycle, or an earlier rebuild, put them where they are.
    """
    return [
        SQL("DROP TABLE IF EXISTS lifecycle_rebuild"),
        SQL(
            """
            CREATE TEMPORARY TABLE lifecycle_rebuild AS
            WITH move AS (
                -- the moves that count, in their order
                SELECT h.id, h.profile_id, h.origin, h.date, h.lifecycle_id,
                       h.from_stage_id, h.to_stage_id, r.as_of,
                       r.kind IS NOT DISTINCT FROM 'rebuild' AS is_rebuilt,
                       (h.is_quiet AND h.origin IN ('rule', 'start')
                        AND h.lifecycle_id = %(lifecycle)s) IS TRUE AS is_placed,
                       ROW_NUMBER() OVER (
                           PARTITION BY h.profile_id
                           ORDER BY h.origin <> 'replay', h.id) AS number
                  FROM crm_lifecycle_history AS h
             LEFT JOIN crm_lifecycle_run AS r ON r.id = h.run_id
                 WHERE h.company_id = %(company)s AND h.profile_id IS NOT NULL
                   AND h.is_voided IS NOT TRUE
            ), placement AS (
                SELECT move.*,
                       MIN(date) FILTER (WHERE is_placed AND NOT is_rebuilt)
                           OVER (PARTITION BY profile_id) AS placement_date
                  FROM move
            ), beginning AS (
                SELECT placement.*,
                       bool_and((origin = 'replay' OR (is_placed AND (
                           is_rebuilt OR date = placement_date))) IS TRUE)
                           OVER (PARTITION BY profile_id ORDER BY number) AS is_replaced
                  FROM placement
            )
            SELECT profile_id,
                   array_agg(id) FILTER (WHERE is_replaced) AS move_ids,
                   MIN(COALESCE(as_of, date)) FILTER (
                       WHERE is_replaced AND (origin <> 'replay' OR as_of IS NOT NULL)
                   ) AS placed_on,
                   MAX(id) FILTER (
                       WHERE is_replaced AND origin <> 'replay') AS placement_id,
                   MAX(date) FILTER (
                       WHERE is_replaced AND origin <> 'replay') AS placement_date,
                   (array_agg(id ORDER BY number DESC)
                    FILTER (WHERE is_replaced))[1] AS last_id,
                   (array_agg(to_stage_id ORDER BY number DESC)
                    FILTER (WHERE is_replaced))[1] AS stage_id,
                   (array_agg(id ORDER BY number)
                    FILTER (WHERE NOT is_replaced))[1] AS next_id,
                   (array_agg(date ORDER BY number)
                    FILTER (WHERE NOT is_replaced))[1] AS next_date,
                   (array_agg(from_stage_id ORDER BY number)
                    FILTER (WHERE NOT is_replaced))[1] AS next_from_id
              FROM beginning
             GROUP BY profile_id
            HAVING bool_or(is_replaced)
               AND NOT bool_or(origin = ANY(%(kept)s))
               AND (array_agg(from_stage_id ORDER BY number))[1] IS NULL
               AND (array_agg(lifecycle_id ORDER BY number DESC)
                    FILTER (WHERE is_replaced))[1] = %(lifecycle)s
            """,
            company=company_id,
            lifecycle=lifecycle_id,
            kept=list(ORIGINS_KEPT_WHOLE),
        ),
        SQL("CREATE INDEX ON lifecycle_rebuild (profile_id)"),
        SQL("ANALYZE lifecycle_rebuild"),
    ]


def keep_copies() -> list[SQL]:
    """Keep the moves and last stages of the copies beyond the transaction.

    The copies are those of `engine.shadow`, and are dropped.
    """
    return [
        SQL(
            "DROP TABLE IF EXISTS lifecycle_rebuilt_history, lifecycle_rebuilt_profile"
        ),
        SQL(
            """
            CREATE TEMPORARY TABLE lifecycle_rebuilt_history AS
            SELECT h.*
              FROM pg_temp.crm_lifecycle_history AS h
              JOIN lifecycle_rebuild AS c ON c.profile_id = h.profile_id
            """
        ),
        SQL(
            """
            CREATE TEMPORARY TABLE lifecycle_rebuilt_profile AS
            SELECT p.id, p.lifecycle_id, p.stage_id, p.stage_date,
                   p.date_last_stage_update
              FROM pg_temp.crm_lifecycle_profile AS p
              JOIN lifecycle_rebuild AS c ON c.profile_id = p.id
             WHERE p.stage_id IS NOT NULL
            """
        ),
        SQL(
            "DROP TABLE pg_temp.crm_lifecycle_profile, pg_temp.crm_lifecycle_history, "
            "pg_temp.crm_lifecycle_pending"
        ),
        SQL("CREATE INDEX ON lifecycle_rebuilt_history (profile_id, id)"),
        SQL("ANALYZE lifecycle_rebuilt_history, lifecycle_rebuilt_profile"),
    ]


# ----------------------------------------------------------------
# Rebuild
# ----------------------------------------------------------------


def plan(today: date) -> list[SQL]:
    """Lock the customers, and decide how much of their past each of them gets.

    All of it without a later move. Otherwise what lies before the first move that
    stays, if it leads to the stage which that move leaves; else what lies before the
    placement, which then stays as a move from the end of the past (``is_bridged``).
    The same applies to pinned customers: what staff set by hand holds. Customers for
    whom none of this is possible keep their history.
    """
    return [
        SQL(
            """
            SELECT FROM crm_lifecycle_profile AS p
              JOIN lifecycle_rebuild AS c ON c.profile_id = p.id
             ORDER BY p.id
               FOR NO KEY UPDATE OF p
            """
        ),
        SQL("DROP TABLE IF EXISTS lifecycle_rebuild_plan"),
        SQL(
            """
            CREATE TEMPORARY TABLE lifecycle_rebuild_plan ON COMMIT DROP AS
            SELECT c.*,
                   (way.is_cut AND far.to_stage_id <> c.stage_id) AS is_bridged,
                   CASE WHEN way.is_cut THEN c.placement_date
                        ELSE COALESCE(c.next_date, 'infinity') END AS until,
                   CASE WHEN way.is_cut THEN far.id ELSE near.id END AS end_id,
                   CASE WHEN way.is_cut THEN far.date ELSE near.date END AS end_date,
                   CASE WHEN way.is_cut THEN far.to_stage_id
                        ELSE near.to_stage_id END AS end_stage_id,
                   p.stage_id AS present_stage_id,
                   c.next_id IS NULL AND NOT way.is_cut
                   AND (t.lifecycle_id, t.stage_id, t.stage_date) IS DISTINCT FROM
                       (p.lifecycle_id, p.stage_id, p.stage_date) AS is_changed
              FROM lifecycle_rebuild AS c
              JOIN lifecycle_rebuilt_profile AS t ON t.id = c.profile_id
              JOIN crm_lifecycle_profile AS p ON p.id = c.profile_id
              -- the end of the past before the first move that stays
              JOIN LATERAL (
                   SELECT h.id, h.date, h.to_stage_id
                     FROM lifecycle_rebuilt_history AS h
                    WHERE h.profile_id = c.profile_id
                      AND h.date < COALESCE(c.next_date, 'infinity')
                    ORDER BY h.id DESC LIMIT 1) AS near ON TRUE
              -- the end of the past before the placement
         LEFT JOIN LATERAL (
                   SELECT h.id, h.date, h.to_stage_id
                     FROM lifecycle_rebuilt_history AS h
                    WHERE h.profile_id = c.profile_id AND h.date < c.placement_date
                    ORDER BY h.id DESC LIMIT 1) AS far ON TRUE
        CROSS JOIN LATERAL (
                   SELECT (c.next_id IS NOT NULL OR (p.pinned_until >= %s) IS TRUE)
                          AND near.to_stage_id IS DISTINCT FROM
                              COALESCE(c.next_from_id, c.stage_id)
                          AS is_cut) AS way
             -- a present stage that no move explains is left alone
             WHERE (c.next_id IS NOT NULL
                    OR p.stage_id IS NOT DISTINCT FROM c.stage_id)
               AND CASE WHEN way.is_cut AND c.next_id IS NOT NULL
                        THEN far.id IS NOT NULL AND c.stage_id = c.next_from_id
                        WHEN way.is_cut
                        THEN far.id IS NOT NULL AND far.to_stage_id <> c.stage_id
                        ELSE TRUE END
            """,
            today,
        ),
        SQL("CREATE INDEX ON lifecycle_rebuild_plan (profile_id)"),
        SQL("ANALYZE lifecycle_rebuild_plan"),
    ]


def keep_aside(rebuild_id: int) -> list[SQL]:
    """Keep what is replaced or changed, as JSON, for `restore`."""
    return [_insert_lines(rebuild_id), SQL("ANALYZE crm_lifecycle_rebuild_line")]


def _insert_lines(rebuild_id: int) -> SQL:
    return SQL(
        """
        INSERT INTO crm_lifecycle_rebuild_line (rebuild_id, profile_id, kind, data)
        SELECT %(rebuild)s, p.profile_id, 'replaced', to_jsonb(h)
          FROM lifecycle_rebuild_plan AS p
          JOIN crm_lifecycle_history AS h ON h.id = ANY(p.move_ids)
         WHERE NOT (p.is_bridged AND h.id = p.placement_id)
         UNION ALL
        SELECT %(rebuild)s, p.profile_id, 'changed', to_jsonb(h)
          FROM lifecycle_rebuild_plan AS p
          JOIN crm_lifecycle_history AS h
            ON h.id = CASE WHEN p.is_bridged THEN p.placement_id ELSE p.next_id END
         UNION ALL
        SELECT %(rebuild)s, p.profile_id, 'profile',
               to_jsonb(o) || jsonb_build_object('tag_ids', ARRAY(
                   SELECT t.tag_id FROM crm_lifecycle_profile_tag_rel AS t
                    WHERE t.profile_id = p.profile_id))
          FROM lifecycle_rebuild_plan AS p
    CROSS JOIN LATERAL (
               SELECT %(columns)s FROM crm_lifecycle_profile AS o
                WHERE o.id = p.profile_id) AS o
         WHERE p.is_changed
        """,
        rebuild=rebuild_id,
        columns=SQL(", ").join(
            SQL.identifier("o", name)
            for name in (*RESTORED, "review_date", "facts_date")
        ),
    )


def replace(references) -> list[SQL]:
    """Replace the moves by those of the rebuilt past.

    :param references: ``[(table, column)]`` of the foreign keys to the history: the
        last move takes over what refers to its predecessor
    """
    return [
        SQL(
            """
            INSERT INTO crm_lifecycle_history
            SELECT m.*
              FROM lifecycle_rebuilt_history AS m
              JOIN lifecycle_rebuild_plan AS p ON p.profile_id = m.profile_id
             WHERE m.date < p.until
             ORDER BY m.profile_id, m.id
            """
        ),
        # The customer has been seen in the stage since the activation, not since now:
        # contacts since then count for the follow-up.
        SQL(
            """
            UPDATE crm_lifecycle_history AS h
               SET create_date = old.create_date
              FROM lifecycle_rebuild_plan AS p
              JOIN crm_lifecycle_history AS old ON old.id = p.last_id
             WHERE h.id = p.end_id AND p.end_stage_id = p.stage_id
            """
        ),
        *_refer_to(
            references,
            SQL(
                """
                SELECT move.id AS old_id, p.end_id AS new_id
                  FROM lifecycle_rebuild_plan AS p, unnest(p.move_ids) AS move (id)
                 WHERE NOT p.is_bridged
                """
            ),
        ),
        SQL(
            """
            DELETE FROM crm_lifecycle_history AS h
             USING lifecycle_rebuild_plan AS p
             WHERE h.profile_id = p.profile_id AND h.id = ANY(p.move_ids)
               AND NOT (p.is_bridged AND h.id = p.placement_id)
            """
        ),
        SQL(
            """
            UPDATE crm_lifecycle_history AS h
               SET from_stage_id = p.end_stage_id,
                   days_in_from_stage = GREATEST(h.date - p.end_date, 0)
              FROM lifecycle_rebuild_plan AS p
             WHERE h.id = CASE WHEN p.is_bridged THEN p.placement_id ELSE p.next_id END
            """
        ),
    ]


def write_stages(today: date) -> SQL:
    """Write the ends of the rebuilt past on customers who have not moved since."""
    return SQL(
        """
        UPDATE crm_lifecycle_profile AS p
           SET lifecycle_id = t.lifecycle_id, stage_id = t.stage_id,
               stage_date = t.stage_date,
               date_last_stage_update = t.date_last_stage_update,
               review_date = %(today)s,
               follow_up_date = CASE WHEN s.follow_up_days > 0 THEN %(follow_up)s END
          FROM lifecycle_rebuild_plan AS d
          JOIN lifecycle_rebuilt_profile AS t ON t.id = d.profile_id
          JOIN crm_lifecycle_stage AS s ON s.id = t.stage_id
         WHERE p.id = d.profile_id AND d.is_changed
        """,
        today=today,
        follow_up=bounds.cap_date(
            SQL("GREATEST(t.stage_date, p.last_contact_date) + s.follow_up_days")
        ),
    )


def _refer_to(references, pairs: SQL) -> list[SQL]:
    """Change foreign keys to the history, by pairs ``old_id, new_id``."""
    return [
        SQL(
            "UPDATE %(table)s AS r SET %(column)s = pair.new_id "
            "FROM (%(pairs)s) AS pair WHERE r.%(column)s = pair.old_id",
            table=SQL.identifier(table),
            column=SQL.identifier(column),
            pairs=pairs,
        )
        for table, column in references
    ]


# ----------------------------------------------------------------
# Undo
# ----------------------------------------------------------------


def plan_undo(rebuild_id: int, last_history_id: int) -> list[SQL]:
    """Lock the customers of a rebuild, and list who can go back.

    A later move by a rule or by hand stays, if it left the stage that the customer was
    in before the rebuild. Who was merged, imported, or moved back by a voided run since
    keeps the rebuilt past, and so does who left another stage.
    """
    return [
        SQL(
            """
            SELECT FROM crm_lifecycle_profile AS p
             WHERE p.id IN (SELECT profile_id FROM crm_lifecycle_rebuild_line
                             WHERE rebuild_id = %s)
             ORDER BY p.id
               FOR NO KEY UPDATE
            """,
            rebuild_id,
        ),
        SQL("DROP TABLE IF EXISTS lifecycle_undo"),
        SQL(
            """
            CREATE TEMPORARY TABLE lifecycle_undo ON COMMIT DROP AS
            SELECT c.profile_id, o.id AS line_id, later.id AS later_id,
                   (later.id IS NULL OR (
                       NOT later.is_special
                       AND (o.id IS NULL OR next.from_stage_id
                            IS NOT DISTINCT FROM (o.data ->> 'stage_id')::int)
                   )) AS is_restored
              FROM (SELECT DISTINCT profile_id FROM crm_lifecycle_rebuild_line
                     WHERE rebuild_id = %(rebuild)s) AS c
              JOIN crm_lifecycle_profile AS p ON p.id = c.profile_id
         LEFT JOIN crm_lifecycle_rebuild_line AS o
                ON o.rebuild_id = %(rebuild)s AND o.profile_id = c.profile_id
               AND o.kind = 'profile'
         LEFT JOIN (
                   SELECT h.profile_id, MIN(h.id) AS id,
                          bool_or(h.is_voided IS TRUE OR h.origin = ANY(%(special)s))
                          AS is_special
                     FROM crm_lifecycle_history AS h
                    WHERE h.id > %(last)s
                    GROUP BY h.profile_id
                   ) AS later ON later.profile_id = c.profile_id
         LEFT JOIN crm_lifecycle_history AS next ON next.id = later.id
            """,
            rebuild=rebuild_id,
            last=last_history_id,
            special=[*ORIGINS_KEPT_WHOLE, "void"],
        ),
        SQL("CREATE INDEX ON lifecycle_undo (profile_id)"),
        SQL("ANALYZE lifecycle_undo"),
    ]


def restore(rebuild_id: int, run_id: int, references) -> list[SQL]:
    """Restore the moves that a rebuild replaced, in place of its own."""
    kept = SQL(
        """
        crm_lifecycle_rebuild_line AS l
        JOIN lifecycle_undo AS u ON u.profile_id = l.profile_id AND u.is_restored
        """
    )
    return [
        # The subject is the present one; a record deleted since is left out.
        SQL(
            """
            INSERT INTO crm_lifecycle_history
            SELECT h.*
              FROM %(kept)s
              JOIN crm_lifecycle_profile AS p ON p.id = l.profile_id
        CROSS JOIN LATERAL jsonb_populate_record(
                   NULL::crm_lifecycle_history,
                   l.data || jsonb_build_object(
                       'profile_id', p.id, 'partner_id', p.partner_id,
                       'lead_id', p.lead_id,
                       'user_id', (SELECT id FROM res_users
                                    WHERE id = (l.data ->> 'user_id')::int),
                       'rule_id', (SELECT id FROM crm_lifecycle_rule
                                    WHERE id = (l.data ->> 'rule_id')::int),
                       'run_id', (SELECT id FROM crm_lifecycle_run
                                   WHERE id = (l.data ->> 'run_id')::int))) AS h
             WHERE l.rebuild_id = %(rebuild)s AND l.kind = 'replaced'
            """,
            kept=kept,
            rebuild=rebuild_id,
        ),
        *_refer_to(
            references,
            SQL(
                """
                SELECT h.id AS old_id, last.id AS new_id
                  FROM crm_lifecycle_history AS h
                  JOIN (SELECT DISTINCT ON (l.profile_id)
                               l.profile_id, (l.data ->> 'id')::int AS id
                          FROM %(kept)s
                         WHERE l.rebuild_id = %(rebuild)s AND l.kind = 'replaced'
                         ORDER BY l.profile_id, l.data ->> 'origin' = 'replay',
                                  (l.data ->> 'id')::int DESC
                       ) AS last ON last.profile_id = h.profile_id
                 WHERE h.run_id = %(run)s
                """,
                kept=kept,
                rebuild=rebuild_id,
                run=run_id,
            ),
        ),
        SQL(
            """
            DELETE FROM crm_lifecycle_history AS h
             USING lifecycle_undo AS u
             WHERE h.profile_id = u.profile_id AND u.is_restored AND h.run_id = %s
            """,
            run_id,
        ),
        SQL(
            """
            UPDATE crm_lifecycle_history AS h
               SET from_stage_id = (l.data ->> 'from_stage_id')::int,
                   days_in_from_stage = (l.data ->> 'days_in_from_stage')::int
              FROM %s
             WHERE l.rebuild_id = %s AND l.kind = 'changed'
               AND h.id = (l.data ->> 'id')::int
            """,
            kept,
            rebuild_id,
        ),
        # A move since then ends the stay that began before the rebuild.
        SQL(
            """
            UPDATE crm_lifecycle_history AS h
               SET days_in_from_stage = GREATEST(
                       h.date - (l.data ->> 'stage_date')::date, 0)
              FROM lifecycle_undo AS u
              JOIN crm_lifecycle_rebuild_line AS l ON l.id = u.line_id
             WHERE u.is_restored AND h.id = u.later_id
            """
        ),
    ]


def restore_stages(today: date) -> list[SQL]:
    """Restore stages and tags of customers who have not moved since the rebuild.

    If their facts have changed since, the next run reviews them.
    """
    still_there = SQL("u.is_restored AND u.later_id IS NULL AND l.id = u.line_id")
    same_facts = SQL(
        "p.facts_date IS NOT DISTINCT FROM (l.data ->> 'facts_date')::timestamp"
    )
    return [
        SQL(
            """
            DELETE FROM crm_lifecycle_profile_tag_rel AS t
             USING lifecycle_undo AS u, crm_lifecycle_rebuild_line AS l,
                   crm_lifecycle_profile AS p
             WHERE %s AND p.id = u.profile_id AND %s AND t.profile_id = p.id
            """,
            still_there,
            same_facts,
        ),
        SQL(
            """
            INSERT INTO crm_lifecycle_profile_tag_rel (profile_id, tag_id)
            SELECT p.id, t.id
              FROM lifecycle_undo AS u
              JOIN crm_lifecycle_rebuild_line AS l ON %s
              JOIN crm_lifecycle_profile AS p ON p.id = u.profile_id AND %s
              JOIN crm_lifecycle_tag AS t ON l.data -> 'tag_ids' @> to_jsonb(t.id)
            """,
            still_there,
            same_facts,
        ),
        SQL(
            """
            UPDATE crm_lifecycle_profile AS p
               SET (lifecycle_id, stage_id, stage_date, date_last_stage_update,
                    follow_up_date) = (
                   old.lifecycle_id, old.stage_id, old.stage_date,
                   old.date_last_stage_update, old.follow_up_date),
                   review_date = CASE WHEN %(same_facts)s THEN old.review_date
                                      ELSE %(today)s END
              FROM lifecycle_undo AS u
              JOIN crm_lifecycle_rebuild_line AS l ON %(still_there)s
        CROSS JOIN LATERAL jsonb_populate_record(
                   NULL::crm_lifecycle_profile, l.data - 'tag_ids') AS old
             WHERE p.id = u.profile_id
            """,
            same_facts=same_facts,
            still_there=still_there,
            today=today,
        ),
    ]
