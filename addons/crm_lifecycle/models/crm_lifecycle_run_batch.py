"""Refreshing the facts of one batch of subjects from the work list."""

from odoo import models
from odoo.tools import SQL

from ..engine import statements

BATCH = 50000


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _refresh_batch(self, scope):
        """Refresh one batch of the work list. Return its profiles' ids.

        None where the list is empty. The rows of the list go away in the same
        transaction, and those that another worker holds are passed over.
        """
        self.env.flush_all()
        for statement in statements.create_batch_tables():
            self.env.cr.execute(statement)
        if not self._take_batch(scope):
            return None
        self._convert_subjects(scope)
        created = self._add_missing_profiles(scope)
        for statement in statements.fill_batch_relations(
            self.env["crm.lifecycle.source.lead"]._get_company_condition(scope)
        ):
            self.env.cr.execute(statement)
        refreshed = self._refresh_facts(scope)
        gone = self._drop_strangers(created)
        rows = self.env.execute_query(SQL("SELECT profile_id FROM lifecycle_batch"))
        self.profile_count += len(rows)
        self.created_count += len(created) - gone
        self.refreshed_count += refreshed
        self.env["crm.lifecycle.profile"].invalidate_model()
        return [row[0] for row in rows]

    def _take_batch(self, scope):
        """Take rows off the work list into the batch. Return how many.

        Picked once, whatever plan is chosen: a subquery with a limit may be
        executed again for each row.
        """
        self.env.cr.execute(
            SQL(
                """
                WITH picked AS MATERIALIZED (
                    SELECT id
                      FROM crm_lifecycle_touch
                     WHERE company_id = %(company)s
                     ORDER BY id
                     LIMIT %(size)s
                       FOR UPDATE SKIP LOCKED
                ), taken AS (
                    DELETE FROM crm_lifecycle_touch AS t
                     USING picked
                     WHERE t.id = picked.id
                 RETURNING partner_res_id, lead_res_id
                ), subject AS (
                    SELECT c.commercial_partner_id AS partner_id, NULL::int AS lead_id
                      FROM taken AS t
                      JOIN res_partner AS c ON c.id = t.partner_res_id
                     UNION
                    SELECT c.commercial_partner_id,
                           CASE WHEN c.id IS NULL THEN l.id END
                      FROM taken AS t
                      JOIN crm_lead AS l ON l.id = t.lead_res_id
                 LEFT JOIN res_partner AS c ON c.id = l.partner_id
                ), listed AS (
                    INSERT INTO lifecycle_batch (partner_id, lead_id)
                    SELECT partner_id, lead_id FROM subject
                )
                SELECT COUNT(*) FROM taken
                """,
                company=scope.company_id,
                size=BATCH,
            )
        )
        return self.env.cr.fetchone()[0]

    def _convert_subjects(self, scope):
        """Give profiles to the customer whose their lead or contact is by now."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id
                  FROM lifecycle_batch AS b
                  JOIN res_partner AS c ON c.commercial_partner_id = b.partner_id
                  JOIN crm_lead AS l ON l.partner_id = c.id
                  JOIN crm_lifecycle_profile AS p ON p.lead_id = l.id
                 WHERE p.company_id = %(company)s
                 UNION
                SELECT p.id
                  FROM lifecycle_batch AS b
                  JOIN res_partner AS c ON c.commercial_partner_id = b.partner_id
                                       AND c.id <> b.partner_id
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

    def _add_missing_profiles(self, scope):
        """Add profiles for new subjects; tell the batch which profile is whose.

        Staff and the companies' own contacts are nobody's customers. Whether a
        contact is one is known once its facts are: see `_drop_strangers`.
        """
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO crm_lifecycle_profile (
                    partner_id, lead_id, company_id, active, is_manual, facts_date,
                    open_lead_count, won_count, lost_count,
                    create_uid, create_date, write_uid, write_date)
                SELECT b.partner_id, b.lead_id, %(company)s, TRUE, FALSE, %(now)s,
                       0, 0, 0, %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM lifecycle_batch AS b
                 WHERE NOT EXISTS (
                       SELECT FROM res_users AS u
                        WHERE u.partner_id = b.partner_id AND u.share IS NOT TRUE)
                   AND NOT EXISTS (
                       SELECT FROM res_company AS o WHERE o.partner_id = b.partner_id)
                    ON CONFLICT DO NOTHING
             RETURNING id
                """,
                company=scope.company_id,
                now=statements.NOW,
                uid=self.env.uid,
            )
        )
        self._tell_planner(len(rows), "crm_lifecycle_profile")
        for subject in ("partner_id", "lead_id"):
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE lifecycle_batch AS b
                       SET profile_id = p.id
                      FROM crm_lifecycle_profile AS p
                     WHERE p.%(subject)s = b.%(subject)s AND p.company_id = %(company)s
                    """,
                    subject=SQL.identifier(subject),
                    company=scope.company_id,
                )
            )
        self.env.cr.execute(SQL("DELETE FROM lifecycle_batch WHERE profile_id IS NULL"))
        return {row[0] for row in rows}

    def _refresh_facts(self, scope):
        """Write the facts that differ, in one statement. Return how many rows."""
        Profile = self.env["crm.lifecycle.profile"]
        facts = {name: Profile._fields[name] for name in Profile._get_fact_fields()}
        answers = {}
        sources = []
        for source in self._get_sources():
            if not source._facts:
                continue
            alias = f"s{len(sources)}"
            sources.append(source._fact_values(scope))
            for name in source._facts:
                answers.setdefault(name, []).append(SQL.identifier(alias, name))
        last_contact = statements.combined(
            facts["last_contact_date"].fact, answers["last_contact_date"]
        )
        first_seen = statements.combined(
            facts["first_seen_date"].fact, answers["first_seen_date"]
        )
        self.env.cr.execute(
            statements.refresh_facts(
                answers=answers,
                combination={name: field.fact for name, field in facts.items()},
                counts=[n for n, field in facts.items() if field.type == "integer"],
                sources=sources,
                extra={
                    "active": SQL(
                        "(p.is_manual IS TRUE OR %s IS NOT NULL) AND COALESCE("
                        "c.active, l.active OR l.won_status = 'lost', FALSE)",
                        first_seen,
                    ),
                    "user_id": SQL("COALESCE(p.user_id, c.user_id, l.user_id)"),
                    "follow_up_date": SQL(
                        "(SELECT %s FROM crm_lifecycle_stage AS s "
                        "WHERE s.id = p.stage_id)",
                        Profile._get_follow_up_sql(last_contact),
                    ),
                },
            )
        )
        return self.env.cr.rowcount

    def _drop_strangers(self, created):
        """Take back the profiles just added for contacts that are no customers.

        A contact that has no document in the company was touched (written,
        merged) but never dealt with. Return how many there were.
        """
        if not created:
            return 0
        rows = self.env.execute_query(
            SQL(
                """
                DELETE FROM crm_lifecycle_profile
                 WHERE id = ANY(%s) AND first_seen_date IS NULL
             RETURNING id
                """,
                list(created),
            )
        )
        self.env.cr.execute(
            SQL(
                "DELETE FROM lifecycle_batch WHERE profile_id = ANY(%s)",
                [row[0] for row in rows],
            )
        )
        return len(rows)
