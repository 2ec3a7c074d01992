"""Evaluating the rules of a run, and moving those who are due."""

import functools
import json
import random
import time
from datetime import timedelta

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from .crm_lifecycle_history import ENTERS

# Customers moved in one go: quiet moves are plain SQL; others go through the ORM
# and whatever automation listens there.
QUIET_BATCH = 20000
LOUD_BATCH = 1000

# How often a run comes back to those whom somebody else was moving.
ROUNDS = 5

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
NEXT_LIST = (
    SQL("TRUNCATE lifecycle_moved"),
    SQL("INSERT INTO lifecycle_moved SELECT profile_id FROM lifecycle_due"),
    SQL("TRUNCATE lifecycle_due"),
    SQL("ANALYZE lifecycle_moved"),
)
HELD_LIST = (
    SQL("TRUNCATE lifecycle_held"),
    SQL("INSERT INTO lifecycle_held SELECT DISTINCT profile_id FROM lifecycle_busy"),
    SQL("TRUNCATE lifecycle_busy"),
    SQL("ANALYZE lifecycle_held"),
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
DROP_LISTS = SQL(
    "DROP TABLE IF EXISTS lifecycle_due, lifecycle_left, lifecycle_review, "
    "lifecycle_moved, lifecycle_busy, lifecycle_held"
)


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _phase_move(self, checkpoint, lifecycles=None):
        """Assign lifecycles, then let the rules move until nobody is due.

        Those whose review is due are asked (see `_take_due_for_review`).

        A customer may pass several stages in a run, and is never moved back on
        the same day into a stage that a rule took them out of, unless their
        facts have changed meanwhile. So rules that contradict each other do not
        loop, and a second run on a day finds nothing to do.

        ``lifecycles`` run in place of the active ones, if given. On trial nobody will
        be asked again, so that no tags and reviews are set.
        """
        if lifecycles is None:
            lifecycles = self.env["crm.lifecycle"]._get_active(self.company_id)
        if not lifecycles:
            return
        self._create_due_tables()
        if self._take_due_for_review(lifecycles):
            self._move_in_steps(lifecycles, checkpoint, ASKED_FIRST)
            self._move_those_held(lifecycles, checkpoint)
            if not self._is_trial():
                self._note_waiting(lifecycles)
                if self.kind != "replay":
                    self._sync_tags(lifecycles)
                self._set_next_review(lifecycles, checkpoint)
        if not self._reuses_tables():
            self.env.cr.execute(DROP_LISTS)

    def _move_in_steps(self, lifecycles, checkpoint, asked):
        """Move those asked into a lifecycle, and along it by its rules."""
        fill = functools.partial(self._fill_due_by_lifecycle, asked=asked)
        self._move_due(lifecycles, checkpoint, fill)
        # Each pass moves everybody at most one step along the lifecycle, and
        # asks about those whom the pass before has moved.
        for _step in range(max(len(item.stage_ids) for item in lifecycles)):
            fill = functools.partial(self._fill_due_by_rule, asked=asked)
            if not self._move_due(lifecycles, checkpoint, fill):
                break
            asked = ASKED_AGAIN

    def _move_those_held(self, lifecycles, checkpoint):
        """Come back to those whom somebody else held; leave the last to tomorrow.

        Another run over the same customers holds a batch while it moves it, and
        goes on to other work with some of them. Within one transaction of the
        caller's nobody else's work comes to an end for us.
        """
        for attempt in range(1, ROUNDS + 1):
            held = self.env.execute_query(
                SQL("SELECT DISTINCT profile_id FROM lifecycle_busy")
            )
            if not held:
                return
            self._execute_all(HELD_LIST)
            if checkpoint is None or attempt == ROUNDS:
                self._note_left([profile_id for [profile_id] in held])
                return
            self._checkpoint(checkpoint)
            time.sleep(random.uniform(0, 0.2 * attempt))
            self._checkpoint(checkpoint)
            self._move_in_steps(lifecycles, checkpoint, ASKED_LATER)

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
        there, else to its first.
        """
        foreseeable = asked is not ASKED_FIRST or all(
            self._is_foreseeable(item.domain) for item in lifecycles
        )
        query = self._search_asked(self._get_base_domain(), foreseeable, asked)
        cases = []
        for lifecycle in lifecycles:
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
        query = self._search_asked(self._get_base_domain(), asked is not None, asked)
        if asked is None:
            query.add_where(NOT_DUE_YET)
        rule = self._get_rule_case(lifecycles, rules, query, guarded=True)
        self._insert_due(query, rule=rule)

    def _get_rule_case(self, lifecycles, rules, query, *, guarded):
        """SQL of the id of the first rule that moves a profile of a query, or empty.

        ``guarded``: not back into a stage that a rule took them out of today.
        """
        conditions = {
            rule: self._get_rule_condition(rule, query, guarded) for rule in rules
        }
        stages = []
        for stage in lifecycles.stage_ids:
            cases = [
                SQL("WHEN %s THEN %s", conditions[rule], rule.id)
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
            latest = self.as_of - timedelta(days=rule.min_days)
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
        query = self._search_asked(self._get_base_domain() & today, True)
        rules = lifecycles.rule_ids.filtered("active")
        rule = self._get_rule_case(lifecycles, rules, query, guarded=False)
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

    def _move_due(self, lifecycles, checkpoint, fill):
        """List who is due and move them. Return how many moved."""
        started = time.monotonic()
        self.env.flush_all()
        self._execute_all(NEXT_LIST)
        fill(lifecycles)
        self.env.cr.execute(
            SQL(
                "DELETE FROM lifecycle_due AS d USING lifecycle_left AS l "
                "WHERE l.profile_id = d.profile_id"
            )
        )
        if not self._is_anybody_due():
            self._timed("evaluate", started)
            return 0
        if not self._is_trial():
            self._add_due_to_review()
        quiet = {}
        for lifecycle in lifecycles:
            first = self._is_first_run(lifecycle)
            quiet |= dict.fromkeys(lifecycle.stage_ids.ids, first)
        self._timed("evaluate", started)
        self._checkpoint(checkpoint)
        moved = last_id = 0
        while True:
            started = time.monotonic()
            size = QUIET_BATCH if all(quiet.values()) else LOUD_BATCH
            rows = self.env.execute_query(
                SQL(
                    "SELECT id, profile_id, rule_id, from_stage_id, to_stage_id "
                    "FROM lifecycle_due WHERE id > %s ORDER BY id LIMIT %s",
                    last_id,
                    size,
                )
            )
            if not rows:
                if not self._is_trial():
                    self._tell_planner(
                        moved, "crm_lifecycle_profile", "crm_lifecycle_history"
                    )
                return moved
            moved += self._attempt(checkpoint, self._move_rows, rows, quiet)
            last_id = rows[-1][0]
            self._timed("move", started)
            self._checkpoint(checkpoint, len(rows))

    def _is_anybody_due(self):
        return bool(self.env.execute_query(SQL("SELECT FROM lifecycle_due LIMIT 1")))

    def _move_rows(self, rows, quiet):
        """Move one batch of the due list, by groups. Return how many moved."""
        groups = {}
        for _id, profile_id, *key in rows:
            groups.setdefault(tuple(key), []).append(profile_id)
        Profile = self.env["crm.lifecycle.profile"]
        Stage = self.env["crm.lifecycle.stage"]
        count = 0
        for (rule_id, from_stage_id, to_stage_id), profile_ids in groups.items():
            profiles = Profile.browse(profile_ids)
            stage = Stage.browse(to_stage_id)
            rule = self.env["crm.lifecycle.rule"].browse(rule_id or [])
            free = profiles
            if self.kind != "replay":  # nobody else moves customers on a copy
                free = profiles._lock_for_move(
                    stage, Stage.browse(from_stage_id or []), wait=False
                )
            moved = free._move_locked(
                stage,
                origin=self._get_origin(),
                as_of=self.as_of,
                rule=rule,
                reason=None if rule else ENTERS,
                quiet=quiet[to_stage_id],
            )
            count += len(moved)
            self._note_left((free - moved).ids)
            self._note_busy((profiles - free).ids)
        self.moved_count += count
        return count

    def _note_busy(self, profile_ids):
        """Come back to those whom somebody else was moving."""
        if profile_ids:
            self.env.cr.execute(
                SQL("INSERT INTO lifecycle_busy SELECT unnest(%s::int[])", profile_ids)
            )

    def _note_left(self, profile_ids):
        """Do not ask again in this run about those that did not move."""
        if not profile_ids:
            return
        self.left_count += len(profile_ids)
        self.env.cr.execute(
            SQL(
                "INSERT INTO lifecycle_left (profile_id) SELECT unnest(%s::int[]) "
                "ON CONFLICT DO NOTHING",
                profile_ids,
            )
        )

    def _get_origin(self):
        """Return the origin of the moves of this run."""
        return "replay" if self.kind == "replay" else "rule"

    def _is_first_run(self, lifecycle):
        """Whether the lifecycle has not run in the company since its activation.

        A quick run looks at a few customers only: it is nobody's first. Nor is a
        replay, which is quiet itself. Of a run that began in the second of the
        activation nobody knows whether it saw it: better quiet once more.
        """
        if self.kind == "replay":
            return True
        since = Domain("date_start", ">", lifecycle.activation_date)
        return not self.search_count(self._get_earlier_domain() & since, limit=1)

    def _get_earlier_domain(self):
        """Return which runs have asked the rules of everybody before this one."""
        return Domain(
            [
                ("company_id", "=", self.company_id.id),
                ("parent_id", "=", False),
                ("state", "=", "done"),
                ("kind", "not in", ("quick", "replay")),
                ("id", "<", (self.parent_id or self).id),
            ]
        )

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
        mine = Domain("company_id", "=", self.company_id.id)
        query = self._search_asked(mine, foreseeable)
        holding = [
            SQL("CASE WHEN %s THEN %s END", self._get_tag_condition(tag, query), tag.id)
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
