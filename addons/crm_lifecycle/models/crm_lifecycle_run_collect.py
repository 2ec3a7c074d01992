"""Finding out whose facts may have changed, and bringing them up to date."""

import time

from odoo import api, models
from odoo.tools import SQL

from ..engine.scope import ALL, Scope, topics_of

# So many changed rows are worth telling the planner about, where they are so great a
# part of their table.
MANY = 1000
PART = 0.1


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _get_scope(self):
        """Return the frozen question of this run to the sources."""
        last = self._get_last_collected(self.company_id, before=self.parent_id or self)
        since = None if self.kind == "full" else last.watermark
        return Scope(
            company_id=self.company_id.id,
            as_of=self.as_of,
            tz=self.company_id.lifecycle_tz or "UTC",
            since=since or None,
            previous_as_of=last.as_of or None,
            topics=topics_of(
                {source._name: source._facts for source in self._get_sources()}
            ),
        )

    def _phase_collect(self, checkpoint, scope):
        """Put on the work list whose facts may have changed."""
        started = time.monotonic()
        self.watermark = self._attempt(checkpoint, self._collect, scope)
        self._timed("collect", started)
        self._checkpoint(checkpoint)

    def _phase_refresh(self, checkpoint, scope):
        """Bring the facts of those on the work list up to date."""
        while True:
            started = time.monotonic()
            count = self._attempt(checkpoint, self._refresh_batch, scope)
            if count is None:
                return
            self._timed("refresh", started)
            self._checkpoint(checkpoint, count)

    def _tell_planner(self, count, *tables):
        """Have the statistics of tables follow where a good part of them is new.

        Until then they look to the planner as they were, perhaps empty, and it
        chooses nested loops that a hundred thousand rows never come out of.
        """
        if count > MANY:
            self._analyze(tables, SQL("reltuples < %s", count / PART))

    def _analyze_unknown(self):
        """Have tables analysed that look all but empty to the planner, and are not.

        Where the rows of a table were deleted once, or rolled back, it expects next to
        none until the server gets round to analysing it: a run right after an import
        would walk through all documents for each of them. Less than a row on a page
        is what tells; tables that autovacuum keeps in view have many.
        """
        tables = {table for source in self._get_sources() for table in source._reads}
        pages = SQL("pg_relation_size(oid) / current_setting('block_size')::int")
        self._analyze(tables, SQL("reltuples < %s", pages))

    def _analyze(self, tables, condition):
        """Have those of some tables analysed whose row of ``pg_class`` fulfils it."""
        rows = self.env.execute_query(
            SQL(
                "SELECT relname FROM pg_class WHERE relname = ANY(%s) "
                "AND pg_table_is_visible(oid) AND %s",
                sorted(tables),
                condition,
            )
        )
        for [name] in rows:
            self.env.cr.execute(SQL("ANALYZE (SKIP_LOCKED) %s", SQL.identifier(name)))

    def _collect(self, scope):
        """Put what may have changed on the work list; return the new watermark."""
        self.env.flush_all()
        if scope.is_full:
            self._claim_memory()
        watermark = self._get_watermark()
        self._list_changed(scope, self._get_questions(scope))
        self.env.cr.execute(SQL("ANALYZE crm_lifecycle_touch"))
        self._let_days_pass(scope)
        return watermark

    @api.model
    def _get_watermark(self):
        """Return the start of the oldest transaction still open.

        What it writes carries that moment or a later one, and is not visible yet.
        """
        [[watermark]] = self.env.execute_query(
            SQL(
                """
                SELECT LEAST(now(), MIN(xact_start)) AT TIME ZONE 'UTC'
                  FROM pg_stat_activity
                 WHERE datname = current_database()
                """
            )
        )
        return watermark

    def _get_questions(self, scope):
        """Return SQL of ``(partner_id, lead_id, topics)`` of whom each source names."""
        questions = [
            SQL(
                "SELECT partner_id, lead_id, %s FROM (%s) AS c (partner_id, lead_id)",
                scope.topics[source._name],
                source._changed_subjects(scope),
            )
            for source in self._get_sources()
        ]
        if scope.is_full:
            questions.append(
                SQL(
                    "SELECT partner_id, lead_id, %s FROM crm_lifecycle_profile "
                    "WHERE company_id = %s",
                    ALL,
                    scope.company_id,
                )
            )
        return questions

    def _list_changed(self, scope, questions):
        """Put the answers to some questions on the work list.

        What documents have reported is put there by its customer, along with it:
        each customer is on the list once, and in one shard.
        """
        self.env.cr.execute(
            SQL(
                """
                WITH waiting AS MATERIALIZED (
                    SELECT id
                      FROM crm_lifecycle_touch
                     WHERE company_id = %(company)s
                       FOR UPDATE SKIP LOCKED
                ), reported AS (
                    DELETE FROM crm_lifecycle_touch AS t
                     USING waiting
                     WHERE t.id = waiting.id
                 RETURNING t.partner_res_id, t.lead_res_id,
                           COALESCE(t.topics, %(all)s), t.is_review
                ), found (partner_id, lead_id, topics, is_review) AS (
                    SELECT * FROM reported
                     UNION ALL
                    SELECT partner_id, lead_id, topics, FALSE
                      FROM (%(questions)s) AS answer (partner_id, lead_id, topics)
                )
                INSERT INTO crm_lifecycle_touch (
                            company_id, partner_res_id, lead_res_id, topics, is_review)
                SELECT %(company)s, c.commercial_partner_id,
                       CASE WHEN c.id IS NULL THEN f.lead_id END,
                       bit_or(f.topics), bool_or(f.is_review)
                  FROM found AS f
             LEFT JOIN crm_lead AS l ON l.id = f.lead_id AND f.partner_id IS NULL
             LEFT JOIN res_partner AS c
                    ON c.id = COALESCE(f.partner_id, l.partner_id)
                 WHERE c.id IS NOT NULL OR f.lead_id IS NOT NULL
                 GROUP BY 2, 3
                """,
                all=ALL,
                company=scope.company_id,
                questions=SQL(" UNION ALL ").join(questions),
            )
        )

    def _is_asked(self, facts):
        """Extension point: return whether the run is to know any of some facts."""
        return True

    def _get_sources(self):
        """Return the models that answer facts, ready to be asked."""
        names = self.env["crm.lifecycle"]._lifecycle_sources()
        return [self.env[name] for name in names]
