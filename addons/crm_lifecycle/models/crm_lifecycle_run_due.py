"""Whom the rules would move: the list of those who are due."""

import json

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import bounds

# Those whom the rules are asked about: at first those whose review is due, then
# those who have moved, and at last those who could not be moved before.
ASKED_FIRST = SQL(
    "crm_lifecycle_profile.id IN (SELECT profile_id FROM lifecycle_review)"
)
ASKED_AGAIN = SQL(
    "crm_lifecycle_profile.id IN (SELECT profile_id FROM lifecycle_moved)"
)
ASKED_LATER = SQL("crm_lifecycle_profile.id IN (SELECT profile_id FROM lifecycle_held)")
NOT_DUE_YET = SQL(
    "crm_lifecycle_profile.id NOT IN (SELECT profile_id FROM lifecycle_due)"
)
CREATE_LISTS = SQL(
    """
    CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_due (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        profile_id int,
        rule_id int,
        from_stage_id int,
        to_stage_id int);
    CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_left (
        profile_id int PRIMARY KEY);
    CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_review (
        profile_id int PRIMARY KEY, facts_date timestamp, review_date date);
    CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_moved (profile_id int);
    CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_busy (profile_id int);
    CREATE TEMPORARY TABLE IF NOT EXISTS lifecycle_held (profile_id int);
    TRUNCATE lifecycle_due, lifecycle_left, lifecycle_review, lifecycle_moved,
             lifecycle_busy, lifecycle_held
    """
)
# SQL condition on a profile ``p``, and on what the run knew of it, ``r``: moved by hand
# since the run began. That move says when the rules are asked next, as if it had come
# after the run.
IS_MOVED_BY_HAND = "p.review_date > %s AND p.review_date IS DISTINCT FROM r.review_date"
# Whoever else was on the due list has moved, and is asked again.
FILL_MOVED = f"""
    INSERT INTO lifecycle_moved
    SELECT d.profile_id
      FROM lifecycle_due AS d
      JOIN crm_lifecycle_profile AS p ON p.id = d.profile_id
 LEFT JOIN lifecycle_review AS r ON r.profile_id = d.profile_id
     WHERE NOT EXISTS (
           SELECT FROM lifecycle_busy AS b WHERE b.profile_id = d.profile_id)
       AND ({IS_MOVED_BY_HAND}) IS NOT TRUE
"""
LEAVE_MOVED_BY_HAND = f"""
    DELETE FROM lifecycle_held AS h
     USING crm_lifecycle_profile AS p
 LEFT JOIN lifecycle_review AS r ON r.profile_id = p.id
     WHERE p.id = h.profile_id AND {IS_MOVED_BY_HAND}
"""
HELD_LIST = (
    SQL("TRUNCATE lifecycle_held"),
    SQL("INSERT INTO lifecycle_held SELECT DISTINCT profile_id FROM lifecycle_busy"),
    SQL("TRUNCATE lifecycle_busy"),
    SQL("ANALYZE lifecycle_held"),
)
DROP_LISTS = SQL(
    "DROP TABLE IF EXISTS lifecycle_due, lifecycle_left, lifecycle_review, "
    "lifecycle_moved, lifecycle_busy, lifecycle_held"
)


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _create_due_tables(self):
        """Lists of this session, which outlive the commits of the run.

        ``lifecycle_due`` has who is to move where, ``lifecycle_left`` those that
        the lifecycle did not let go, so that they are not asked again,
        ``lifecycle_review`` those whose review is due, as they were then,
        ``lifecycle_moved`` those on the due list before the present one,
        ``lifecycle_busy`` those whom somebody else held, and ``lifecycle_held``
        those of them whom the run comes back to.
        """
        self.env.flush_all()
        if not self._reuses_tables():
            self.env.cr.execute(DROP_LISTS)
        self.env.cr.execute(CREATE_LISTS)

    def _begin_due_list(self):
        """Empty the due list; who was on it has moved, and may be asked again."""
        self._execute_all(
            (
                SQL("TRUNCATE lifecycle_moved"),
                SQL(FILL_MOVED, self.as_of),
                SQL("TRUNCATE lifecycle_due"),
                SQL("ANALYZE lifecycle_moved"),
            )
        )

    def _get_base_domain(self):
        """Conditions on every profile that a run may move."""
        return Domain(
            [
                ("company_id", "=", self.company_id.id),
                ("active", "=", True),
                "|",
                ("pinned_until", "=", False),
                ("pinned_until", "<", self.as_of),
            ]
        )

    def _search_asked(self, domain, foreseeable, asked=ASKED_FIRST):
        """Return the query of the profiles that match, among those to be asked.

        Where conditions are not foreseeable, everybody is asked: the day on which
        they turn can't be told ahead.
        """
        query = self.env["crm.lifecycle.profile"]._search(domain)
        shard = self._get_shard()
        if foreseeable or self.kind == "quick":
            query.add_where(asked)
        elif shard:
            query.add_where(
                shard.holds(
                    SQL("crm_lifecycle_profile.partner_id"),
                    SQL("crm_lifecycle_profile.lead_id"),
                )
            )
        return query

    def _fill_due_by_lifecycle(self, lifecycles, asked):
        """List those that another lifecycle takes than the one they are in.

        The first that takes them does. They go to the stage of the same category
        there, else to its first. A lifecycle that can't be asked leaves everybody
        whom it is asked about where they are.
        """
        self._ask(
            lifecycles,
            lambda unusable: self._insert_due_by_lifecycle(lifecycles, asked, unusable),
        )

    def _insert_due_by_lifecycle(self, lifecycles, asked, unusable):
        foreseeable = asked is not ASKED_FIRST or all(
            self._is_foreseeable(item.domain) for item in lifecycles
        )
        query = self._search_asked(self._get_base_domain(), foreseeable, asked)
        cases = []
        for lifecycle in lifecycles:
            if lifecycle in unusable:
                cases.append(SQL("WHEN TRUE THEN NULL::int"))
                continue
            takes = self.env["crm.lifecycle.profile"]._get_condition_sql(
                lifecycle._get_domain(self.as_of), query
            )
            stages = lifecycle.stage_ids.sorted(lambda s: (s.sequence, s.id))
            by_category = {}
            for stage in reversed(stages):
                by_category[stage.category] = stage.id
            target = SQL(
                "CASE WHEN crm_lifecycle_profile.lifecycle_id = %s THEN NULL"
                " ELSE COALESCE((%s::jsonb ->> (SELECT category "
                "FROM crm_lifecycle_stage WHERE id = crm_lifecycle_profile.stage_id)"
                ")::int, %s::int) END",
                lifecycle.id,
                json.dumps(by_category),
                stages[:1].id or None,
            )
            cases.append(SQL("WHEN %s THEN %s", takes, target))
        self._insert_due(query, stage=SQL("CASE %s END", SQL(" ").join(cases)))

    def _fill_due_by_rule(self, lifecycles, asked):
        """List whom the rules would move now; the first matching rule wins."""
        rules = lifecycles.rule_ids.filtered("active")
        self._insert_due_by_rule(lifecycles, rules, asked)
        blind = rules.filtered(lambda rule: not self._is_foreseeable(rule.domain))
        if blind and asked is ASKED_FIRST and self.kind != "quick":
            self._insert_due_by_rule(lifecycles, blind, None)

    def _insert_due_by_rule(self, lifecycles, rules, asked):
        self._ask(
            rules,
            lambda unusable: self._insert_matching(lifecycles, rules, asked, unusable),
        )

    def _insert_matching(self, lifecycles, rules, asked, unusable):
        query = self._search_asked(self._get_base_domain(), asked is not None, asked)
        if asked is None:
            query.add_where(NOT_DUE_YET)
        rule = self._get_rule_case(lifecycles, rules, query, unusable, guarded=True)
        self._insert_due(query, rule=rule)

    def _get_rule_case(self, lifecycles, rules, query, unusable, *, guarded):
        """SQL of the id of the first rule that moves a profile of a query, or empty.

        An ``unusable`` rule holds up those whom it is asked about: whether they
        would move by it or by one after it is not known. Its id is negative then.
        ``guarded``: not back into a stage that a rule took them out of today.
        """
        numbers = {rule: -rule.id if rule in unusable else rule.id for rule in rules}
        conditions = {
            rule: SQL("TRUE")
            if rule in unusable
            else self._get_rule_condition(rule, query, guarded)
            for rule in rules
        }
        stages = []
        for stage in lifecycles.stage_ids:
            cases = [
                SQL("WHEN %s THEN %s", conditions[rule], numbers[rule])
                for rule in rules.filtered(stage._is_left_by)
            ]
            if cases:
                cases = SQL(" ").join(cases)
                stages.append(SQL("WHEN %s THEN CASE %s END", stage.id, cases))
        if not stages:
            return SQL("NULL::int")
        return SQL("CASE crm_lifecycle_profile.stage_id %s END", SQL(" ").join(stages))

    def _get_rule_condition(self, rule, query, guarded):
        """SQL condition: the rule moves the profile, which is in one of its stages."""
        domain = rule._get_domain(self.as_of)
        if rule.min_days:
            latest = bounds.shift(self.as_of, days=-rule.min_days)
            domain = Domain("stage_date", "<=", latest) & domain
        condition = self.env["crm.lifecycle.profile"]._get_condition_sql(domain, query)
        if not guarded:
            return condition
        return SQL(
            """
            %s AND NOT EXISTS (
                SELECT FROM crm_lifecycle_history AS h
                 WHERE h.profile_id = crm_lifecycle_profile.id
                   AND h.date = %s
                   AND h.origin = %s
                   AND h.from_stage_id = %s
                   AND h.create_date >= crm_lifecycle_profile.facts_date)
            """,
            condition,
            self.as_of,
            self._get_origin(),
            rule.to_stage_id.id,
        )

    def _note_waiting(self, lifecycles):
        """Have those looked at tomorrow who may not be moved back today."""
        today = Domain("stage_date", "=", self.as_of)
        rules = lifecycles.rule_ids.filtered("active")
        self._ask(
            rules,
            lambda unusable: self._insert_waiting(lifecycles, rules, today, unusable),
        )

    def _insert_waiting(self, lifecycles, rules, today, unusable):
        query = self._search_asked(self._get_base_domain() & today, True)
        rule = self._get_rule_case(lifecycles, rules, query, unusable, guarded=False)
        query.add_where(SQL("%s IS NOT NULL", rule))
        self.env.cr.execute(
            SQL(
                "INSERT INTO lifecycle_left (profile_id) %s ON CONFLICT DO NOTHING",
                query.select(),
            )
        )

    def _insert_due(self, query, *, rule=None, stage=None):
        """Put the profiles of a query on the due list where there is a stage to go to.

        ``rule`` is SQL of the rule that leads there, or ``stage`` of the stage. Moves
        of the same kind lie together, so that few statements make a batch. The offset
        keeps the conditions apart: merged into the query around them, they would be
        evaluated wherever what they answer is used.
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO lifecycle_due
                            (profile_id, rule_id, from_stage_id, to_stage_id)
                SELECT p.id, p.rule_id, p.stage_id, COALESCE(p.target_id, r.to_stage_id)
                  FROM (%s OFFSET 0) AS p
             LEFT JOIN crm_lifecycle_rule AS r ON r.id = p.rule_id
                 WHERE p.target_id IS NOT NULL OR p.rule_id IS NOT NULL
                 ORDER BY 2, 3, 4, 1
                """,
                query.select(
                    SQL.identifier("crm_lifecycle_profile", "id"),
                    SQL.identifier("crm_lifecycle_profile", "stage_id"),
                    SQL("%s AS rule_id", rule or SQL("NULL::int")),
                    SQL("%s AS target_id", stage or SQL("NULL::int")),
                ),
            )
        )
