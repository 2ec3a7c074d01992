"""Set and remove tags by their conditions, at the end of a run."""

import time

from odoo.fields import Domain
from odoo.tools import SQL

from . import conditions, evaluate

# Number of customers in a batch of tags.
BATCH = 50000


def sync_tags(session, lifecycles):
    """Set tags where their conditions hold, and remove them elsewhere."""
    foreseeable = lifecycles.tag_ids.filtered(
        lambda tag: conditions.is_foreseeable(session, tag.domain)
    )
    _sync_some(session, foreseeable, True)
    _sync_some(session, lifecycles.tag_ids - foreseeable, False)


def _sync_some(session, tags, foreseeable):
    """Set and remove some tags, batch by batch."""
    if not tags:
        return
    started = time.monotonic()
    session.attempt(_list_tags, session, tags, foreseeable)
    session.add_seconds("evaluate", started)
    session.save_progress()
    changed = 0
    started = time.monotonic()
    for after, upto in session.get_batches("lifecycle_tagged", BATCH):
        changed += session.attempt(write_tags, session, tags, after, upto)
        session.add_seconds("evaluate", started)
        session.save_progress()
        started = time.monotonic()
    if changed:
        session.env["crm.lifecycle.profile"].invalidate_model(["tag_ids"])
    session.env.cr.execute(SQL("DROP TABLE lifecycle_tagged"))


def _list_tags(session, tags, foreseeable):
    """List the evaluated customers, with the tags that they should have."""
    session.env.flush_all()
    conditions.execute_usable(
        session,
        tags,
        lambda unusable: _list_tagged(session, tags, foreseeable, unusable),
    )


def _list_tagged(session, tags, foreseeable, unusable):
    """List them, except for unusable tags."""
    mine = Domain("company_id", "=", session.company.id)
    query = evaluate.search_candidates(session, mine, foreseeable)
    holding = [
        SQL(
            "CASE WHEN %s THEN %s END",
            _get_tagged_sql(tag)
            if tag in unusable
            else _get_tag_condition(session, tag, query),
            tag.id,
        )
        for tag in tags
    ]
    cr = session.env.cr
    cr.execute(SQL("DROP TABLE IF EXISTS lifecycle_tagged"))
    cr.execute(
        SQL(
            "CREATE TEMPORARY TABLE lifecycle_tagged AS %s",
            query.select(
                SQL("crm_lifecycle_profile.id AS profile_id"),
                SQL("ARRAY[%s]::int[] AS tag_ids", SQL(", ").join(holding)),
            ),
        )
    )
    cr.execute(SQL("ANALYZE lifecycle_tagged (profile_id)"))


def _get_tag_condition(session, tag, query):
    """Return the SQL condition that the profile should have the tag.

    No profile of a customer who objects to profiling should.
    """
    Profile = session.env["crm.lifecycle.profile"]
    inside = Domain([("lifecycle_id", "=", tag.lifecycle_id.id), ("active", "=", True)])
    return SQL(
        "%s AND %s",
        Profile._get_condition_sql(Profile._get_profiling_domain(), query),
        Profile._get_condition_sql(inside & tag._get_domain(session.as_of), query),
    )


def _get_tagged_sql(tag):
    """Return the SQL condition that the profile already has the tag."""
    return SQL(
        "EXISTS (SELECT FROM crm_lifecycle_profile_tag_rel AS r "
        "WHERE r.profile_id = crm_lifecycle_profile.id AND r.tag_id = %s)",
        tag.id,
    )


def write_tags(session, tags, last_id, upto):
    """Write the tags of one batch. Return the number of changes.

    Customers who were merged into another one since they were listed are skipped.
    """
    cr = session.env.cr
    cr.execute(
        SQL(
            """
            DELETE FROM crm_lifecycle_profile_tag_rel AS r
             USING lifecycle_tagged AS t
             WHERE r.profile_id = t.profile_id AND r.tag_id = ANY(%s)
               AND t.profile_id > %s AND t.profile_id <= %s
               AND NOT r.tag_id = ANY(array_remove(t.tag_ids, NULL))
            """,
            tags.ids,
            last_id,
            upto,
        )
    )
    changed = cr.rowcount
    cr.execute(
        SQL(
            """
            INSERT INTO crm_lifecycle_profile_tag_rel (profile_id, tag_id)
            SELECT t.profile_id, tag.id
              FROM lifecycle_tagged AS t
              JOIN crm_lifecycle_profile AS p ON p.id = t.profile_id
        CROSS JOIN unnest(t.tag_ids) AS tag (id)
             WHERE tag.id IS NOT NULL
               AND t.profile_id > %s AND t.profile_id <= %s
                ON CONFLICT DO NOTHING
            """,
            last_id,
            upto,
        )
    )
    return changed + cr.rowcount
