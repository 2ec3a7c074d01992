"""Setting and taking tags by their conditions, at the end of a run."""

import time

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _sync_tags(self, lifecycles):
        """Put tags on those whose conditions hold, take them off the others."""
        started = time.monotonic()
        self.env.flush_all()
        foreseeable = lifecycles.tag_ids.filtered(
            lambda tag: self._is_foreseeable(tag.domain)
        )
        changed = self._sync_some_tags(foreseeable, foreseeable=True)
        changed += self._sync_some_tags(lifecycles.tag_ids - foreseeable, False)
        if changed:
            self.env["crm.lifecycle.profile"].invalidate_model(["tag_ids"])
        self._timed("evaluate", started)

    def _sync_some_tags(self, tags, foreseeable):
        """Put and take off some tags in one look. Return how many changed."""
        if not tags:
            return 0
        self._ask(tags, lambda unusable: self._list_tagged(tags, foreseeable, unusable))
        return self._write_tagged(tags)

    def _list_tagged(self, tags, foreseeable, unusable):
        """List which of some tags customers carry from now on."""
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

    def _write_tagged(self, tags):
        """Write what was listed. Return how many changed."""
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM crm_lifecycle_profile_tag_rel AS r
                 USING lifecycle_tagged AS t
                 WHERE r.profile_id = t.profile_id AND r.tag_id = ANY(%s)
                   AND NOT r.tag_id = ANY(array_remove(t.tag_ids, NULL))
                """,
                tags.ids,
            )
        )
        changed = self.env.cr.rowcount
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO crm_lifecycle_profile_tag_rel (profile_id, tag_id)
                SELECT t.profile_id, tag.id
                  FROM lifecycle_tagged AS t
            CROSS JOIN unnest(t.tag_ids) AS tag (id)
                 WHERE tag.id IS NOT NULL
                    ON CONFLICT DO NOTHING
                """
            )
        )
        changed += self.env.cr.rowcount
        self.env.cr.execute(SQL("DROP TABLE lifecycle_tagged"))
        return changed

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
