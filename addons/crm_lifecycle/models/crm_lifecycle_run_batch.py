"""Refreshing the facts of one batch of subjects from the work list."""

from dataclasses import replace

from odoo import models
from odoo.tools import SQL

from ..engine import statements
from ..fields import KnownInteger
from .crm_lifecycle_run_collect import MANY

# Subjects whose facts are computed at once. Many, since then each source reads its
# documents in one pass; rows that staff may be waiting for are only written at the
# end, where they differ.
BATCH = 1000000
# Memory that a sort or a hash may take for as many; what the server grants, if more.
WORK_MEM_MB = 256


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _refresh_batch(self, scope):
        """Refresh one batch of the work list. Return how many subjects it had.

        None where the list is empty. The rows of the list go away in the same
        transaction, and those that another worker holds are passed over.
        """
        reuse = self._reuses_tables()
        self.env.flush_all()
        self._execute_all(statements.create_batch_tables(reuse))
        taken = self._take_batch(scope)
        if not taken:
            return None
        if taken > MANY:
            self._claim_memory()
        self._execute_all(statements.list_subjects(reuse))
        if self.kind != "replay":
            self._convert_subjects(scope)
        self._execute_all(
            statements.fill_batch(
                scope.company_id,
                self.env["crm.lifecycle.source.lead"]._get_company_condition(scope),
                reuse,
            )
        )
        topics = self.env.execute_query(
            SQL("SELECT DISTINCT topics FROM lifecycle_batch ORDER BY topics")
        )
        scope = replace(
            scope,
            batch_topics=tuple(value for [value] in topics),
            batch_size=taken,
        )
        seen, created, refreshed = self._refresh_facts(scope)
        self.profile_count += seen
        self.created_count += created
        self.refreshed_count += refreshed
        self._tell_planner(created, "crm_lifecycle_profile")
        self.env["crm.lifecycle.profile"].invalidate_model()
        return seen

    def _reuses_tables(self):
        """Whether temporary tables stay for the next day (see `statements.filled`)."""
        return self.env.context.get("lifecycle_reuses_tables", False)

    def _claim_memory(self):
        """Let large sorts stay in memory, in this transaction."""
        self.env.cr.execute(
            SQL(
                """
                SELECT set_config('work_mem', %s, TRUE)
                  FROM pg_settings
                 WHERE name = 'work_mem' AND setting::int < %s
                """,
                f"{WORK_MEM_MB}MB",
                WORK_MEM_MB * 1024,
            )
        )

    def _execute_all(self, queries):
        for query in queries:
            self.env.cr.execute(query)

    def _take_batch(self, scope):
        """Take rows off the work list into ``lifecycle_taken``. Return how many.

        Picked once, whatever plan is chosen: a subquery with a limit may be
        executed again for each row.
        """
        mine = SQL("TRUE")
        shard = self._get_shard()
        if shard:
            mine = shard.holds(SQL("partner_res_id"), SQL("lead_res_id"))
        self.env.cr.execute(
            SQL(
                """
                WITH picked AS MATERIALIZED (
                    SELECT id
                      FROM crm_lifecycle_touch
                     WHERE company_id = %(company)s AND %(mine)s
                     ORDER BY id
                     LIMIT %(size)s
                       FOR UPDATE SKIP LOCKED
                ), taken AS (
                    DELETE FROM crm_lifecycle_touch AS t
                     USING picked
                     WHERE t.id = picked.id
                 RETURNING partner_res_id, lead_res_id, topics, is_review
                )
                INSERT INTO lifecycle_taken (partner_id, lead_id, topics, is_review)
                SELECT partner_res_id, lead_res_id, topics, is_review FROM taken
                """,
                company=scope.company_id,
                mine=mine,
                size=BATCH,
            )
        )
        count = self.env.cr.rowcount
        self.env.cr.execute(SQL("ANALYZE lifecycle_taken"))
        return count

    def _convert_subjects(self, scope):
        """Give profiles to the customer whose their lead or contact is by now."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id
                  FROM lifecycle_subject AS s
                  JOIN res_partner AS c ON c.commercial_partner_id = s.partner_id
                  JOIN crm_lead AS l ON l.partner_id = c.id
                  JOIN crm_lifecycle_profile AS p ON p.lead_id = l.id
                 WHERE p.company_id = %(company)s
                 UNION
                SELECT p.id
                  FROM lifecycle_subject AS s
                  JOIN res_partner AS c ON c.commercial_partner_id = s.partner_id
                                       AND c.id <> s.partner_id
                  JOIN crm_lifecycle_profile AS p ON p.partner_id = c.id
                 WHERE p.company_id = %(company)s
                """,
                company=scope.company_id,
            )
        )
        if rows:
            profiles = self.env["crm.lifecycle.profile"].browse(row[0] for row in rows)
            profiles._lifecycle_convert()
            self.env.flush_all()

    def _refresh_facts(self, scope):
        """Write the facts that differ, and the profiles of new customers.

        Return how many subjects were seen, added, and changed.
        """
        values, sources = self._get_fact_values(scope)
        values |= self._get_derived_values(values)
        self.env.cr.execute(
            statements.compute_facts(values, sources, self._reuses_tables())
        )
        self.env.cr.execute(SQL("ANALYZE lifecycle_facts (profile_id)"))
        [[known]] = self.env.execute_query(
            SQL("SELECT COUNT(*) FROM lifecycle_facts WHERE NOT is_new")
        )
        self.env.cr.execute(
            statements.update_profiles(
                list(values),
                self._get_watched(values),
                self.as_of,
                self._get_moving_topics(scope),
            )
        )
        known_changed = self.env.cr.rowcount
        self.env.cr.execute(
            statements.insert_profiles(list(values), scope.company_id, self.as_of)
        )
        created = self.env.cr.rowcount
        return known + created, created, known_changed + created

    def _get_fact_values(self, scope):
        """Return ``({fact: SQL}, [SQL of the answer of a source])`` for a batch."""
        Profile = self.env["crm.lifecycle.profile"]
        facts = {name: Profile._fields[name] for name in Profile._get_fact_fields()}
        answers, topics = {}, {}
        sources = []
        for source in self._get_sources():
            if not source._facts:
                continue
            alias = f"s{len(sources)}"
            sources.append(source._fact_values(scope))
            bit = scope.topics[source._name]
            for name in source._facts:
                topics[name] = bit
                answers.setdefault(name, []).append(SQL.identifier(alias, name))
        values = statements.fact_columns(
            answers,
            combination={name: field.fact for name, field in facts.items()},
            counts=[
                name
                for name, field in facts.items()
                if field.type == "integer" and not isinstance(field, KnownInteger)
            ],
            topics=topics,
        )
        return values, sources

    def _get_derived_values(self, values):
        """Return ``{column: SQL}`` of what follows from facts, and from contacts."""
        derived = {
            "active": SQL(
                "(p.is_manual IS TRUE OR %s IS NOT NULL) AND COALESCE("
                "c.active, l.active OR l.won_status = 'lost', FALSE)",
                values["first_seen_date"],
            ),
            "user_id": SQL("COALESCE(p.user_id, c.user_id, l.user_id)"),
        }
        if "last_contact_date" in values:
            derived["follow_up_date"] = SQL(
                "(SELECT %s FROM crm_lifecycle_stage AS s WHERE s.id = p.stage_id)",
                self.env["crm.lifecycle.profile"]._get_follow_up_sql(
                    values["last_contact_date"]
                ),
            )
        return derived
