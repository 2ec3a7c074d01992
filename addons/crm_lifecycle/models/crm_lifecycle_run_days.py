"""What the passing of days changes, for customers with whom nothing else happened."""

from odoo import models
from odoo.tools import SQL

from ..engine.scope import ALL, is_topic
from ..engine.statements import NOW, filled


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _let_days_pass(self, scope):
        """Bring facts over moving windows to the day, by what has left the windows.

        Whoever is on the work list for these facts is counted anew and left out
        here, and so is whoever was counted anew for this day already. Where the
        facts are of a day in between, the customer is put on the list.
        """
        if scope.is_full:
            return
        changes = self._get_changes_of_days(scope)
        if not changes:
            return
        self._list_those_in_between(scope, changes)
        for table, values in changes.items():
            self._apply_passing_days(scope, table, values)
        [[count]] = self.env.execute_query(
            SQL("SELECT COUNT(*) FROM lifecycle_passing")
        )
        self.refreshed_count += count
        if not self._reuses_tables():
            self._drop_passing()
        self.env["crm.lifecycle.profile"].invalidate_model()

    def _get_changes_of_days(self, scope):
        """Ask the sources once. Return ``{table of changes: {fact: new value}}``."""
        changes = {}
        for source in self._get_sources():
            if not source._is_moving:
                continue
            query, values = source._passing_days(scope)
            if not self._is_asked(values):
                continue
            table = SQL.identifier(f"lifecycle_passing_{len(changes)}")
            self.env.cr.execute(filled(table, query, self._reuses_tables()))
            changes[table] = values
        return changes

    def _drop_passing(self):
        """Drop the lists of whom the days change."""
        count = sum(source._is_moving for source in self._get_sources())
        tables = [SQL.identifier(f"lifecycle_passing_{n}") for n in range(count)]
        self.env.cr.execute(
            SQL(
                "DROP TABLE IF EXISTS %s",
                SQL(", ").join([SQL("lifecycle_passing"), *tables]),
            )
        )

    def _get_moving_topics(self, scope):
        """Return the bits of the sources whose facts the passing of days changes."""
        bits = 0
        for source in self._get_sources():
            if source._is_moving:
                bits |= scope.topics[source._name]
        return bits

    def _list_those_in_between(self, scope, changes):
        """List whom the days change; put on the work list whom they can't."""
        listed = SQL(
            """
                SELECT p.id AS profile_id, p.partner_id,
                       COALESCE(p.facts_as_of <= %(previous)s, TRUE) AS is_before
                  FROM crm_lifecycle_profile AS p
                  JOIN (%(customers)s) AS d ON d.partner_id = p.partner_id
                 WHERE p.company_id = %(company)s
                   AND COALESCE(p.facts_as_of < %(as_of)s, TRUE)
                   AND NOT EXISTS (
                       SELECT FROM crm_lifecycle_touch AS t
                        WHERE t.company_id = %(company)s
                          AND t.partner_res_id = p.partner_id
                          AND %(is_asked)s)
                """,
            is_asked=is_topic(
                SQL("COALESCE(t.topics, %s)", ALL), self._get_moving_topics(scope)
            ),
            customers=SQL(" UNION ").join(
                SQL("SELECT partner_id FROM %s", table) for table in changes
            ),
            company=scope.company_id,
            previous=scope.previous_as_of,
            as_of=scope.as_of,
        )
        self.env.cr.execute(
            filled(SQL("lifecycle_passing"), listed, self._reuses_tables())
        )
        self.env.cr.execute(
            SQL(
                """
                WITH between_days AS (
                    DELETE FROM lifecycle_passing WHERE NOT is_before
                    RETURNING partner_id
                )
                INSERT INTO crm_lifecycle_touch (company_id, partner_res_id)
                SELECT %s, partner_id FROM between_days
                """,
                scope.company_id,
            )
        )
        self.env.cr.execute(SQL("ANALYZE lifecycle_passing"))

    def _apply_passing_days(self, scope, table, values):
        """Write the new values of one source; have the rules look where they matter."""
        reviewed = SQL()
        if self._get_watched(values):
            reviewed = SQL("review_date = %s,", self.as_of)
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_profile AS p
                   SET %(values)s, facts_as_of = %(as_of)s, %(reviewed)s
                       facts_date = %(now)s, write_date = %(now)s
                  FROM lifecycle_passing AS l
                  JOIN %(table)s AS d ON d.partner_id = l.partner_id
                 WHERE p.id = l.profile_id
                """,
                table=table,
                as_of=scope.as_of,
                reviewed=reviewed,
                now=NOW,
                values=SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value)
                    for name, value in values.items()
                ),
            )
        )
