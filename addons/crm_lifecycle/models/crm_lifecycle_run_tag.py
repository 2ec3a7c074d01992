"""Setting and taking tags by their conditions, at the end of a run."""

import time

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

# Customers whose tags are written at once.
BATCH = 50000


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _sync_tags(self, lifecycles, checkpoint):
        """Put tags on those whose conditions hold, take them off the others."""
        foreseeable = lifecycles.tag_ids.filtered(
            lambda tag: self._is_foreseeable(tag.domain)
        )
        self._sync_some_tags(foreseeable, True, checkpoint)
        self._sync_some_tags(lifecycles.tag_ids - foreseeable, False, checkpoint)

    def _sync_some_tags(self, tags, foreseeable, checkpoint):
        """Put and take off some tags, batch by batch."""
        if not tags:
            return
        started = time.monotonic()
        self._attempt(checkpoint, self._list_tags, tags, foreseeable)
        self._timed("evaluate", started)
        self._checkpoint(checkpoint)
        last_id, changed = 0, 0
        while True:
            started = time.monotonic()
            [[upto]] = self.env.execute_query(
                SQL(
                    """
                    SELECT MAX(profile_id)
                      FROM (SELECT profile_id FROM lifecycle_tagged
                             WHERE profile_id > %s ORDER BY profile_id LIMIT %s) AS t
                    """,
                    last_id,
                    BATCH,
                )
            )
            if upto is None:
                break
            changed += self._attempt(checkpoint, self._write_tags, tags, last_id, upto)
            last_id = upto
            self._timed("evaluate", started)
            self._checkpoint(checkpoint)
        if changed:
            self.env["crm.lifecycle.profile"].invalidate_model(["tag_ids"])
        self.env.cr.execute(SQL("DROP TABLE lifecycle_tagged"))

    def _list_tags(self, tags, foreseeable):
        """List the customers who are asked, with the tags that they are to carry."""
        self.env.flush_all()
        self._ask(tags, lambda unusable: self._list_tagged(tags, foreseeable, unusable))

    def _list_tagged(self, tags, foreseeable, unusable):
        """List them, where some of the tags can't be asked."""
        mine = Domain("company_id", "=", self.company_id.id)
        query = self._search_asked(mine, foreseeable)
        holding = [
            SQL(
                "CASE WHEN %s THEN %s END",
                self._get_tagged_sql(tag)
                if tag in unusable
                else self._get_tag_condition(tag, query),
                tag.id,
            )
            for tag in tags
        ]
        self.env.cr.execute(SQL("DROP TABLE IF EXISTS lifecycle_tagged"))
        self.env.cr.execute(
            SQL(
                "CREATE TEMPORARY TABLE lifecycle_tagged AS %s",
                query.select(
                    SQL("crm_lifecycle_profile.id AS profile_id"),
                    SQL("ARRAY[%s]::int[] AS tag_ids", SQL(", ").join(holding)),
                ),
            )
        )
        self.env.cr.execute(SQL("ANALYZE lifecycle_tagged (profile_id)"))

    def _write_tags(self, tags, last_id, upto):
        """Write the tags of one batch. Return how many changed.

        Whoever was merged into another customer since they were listed is left out.
        """
        self.env.cr.execute(
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
        changed = self.env.cr.rowcount
        self.env.cr.execute(
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
        return changed + self.env.cr.rowcount

    def _get_tag_condition(self, tag, query):
        """SQL condition: the profile carries the tag."""
        inside = Domain(
            [("lifecycle_id", "=", tag.lifecycle_id.id), ("active", "=", True)]
        )
        return self.env["crm.lifecycle.profile"]._get_condition_sql(
            inside & tag._get_domain(self.as_of), query
        )

    def _get_tagged_sql(self, tag):
        """SQL condition: the profile carries the tag already."""
        return SQL(
            "EXISTS (SELECT FROM crm_lifecycle_profile_tag_rel AS r "
            "WHERE r.profile_id = crm_lifecycle_profile.id AND r.tag_id = %s)",
            tag.id,
        )
