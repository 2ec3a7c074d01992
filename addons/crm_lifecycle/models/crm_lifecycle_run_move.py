"""Evaluating the rules of a run, and moving those who are due."""

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


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _phase_move(self, checkpoint, refreshed):
        """Assign lifecycles, then let the rules move until nobody is due.

        A customer may pass several stages in a run, and is never moved back on
        the same day into a stage that a rule took them out of, unless their
        facts have changed meanwhile. So rules that contradict each other do not
        loop, and a second run on a day finds nothing to do.
        """
        lifecycles = self.env["crm.lifecycle"]._get_active(self.company_id)
        only = refreshed if self.kind == "quick" else None
        if only is not None and not only:
            return
        self._create_due_tables()
        self._move_due(lifecycles, checkpoint, self._fill_due_by_lifecycle, only)
        # Each pass moves everybody at most one step along the lifecycle.
        for _step in range(max([len(item.stage_ids) for item in lifecycles] or [0])):
            if not self._move_due(lifecycles, checkpoint, self._fill_due_by_rule, only):
                break
        self._sync_tags(lifecycles, only)
        self.env.cr.execute(SQL("DROP TABLE lifecycle_due, lifecycle_left"))

    def _create_due_tables(self):
        """Lists of this session, which outlive the commits of the run.

        ``lifecycle_due`` has who is to move where, ``lifecycle_left`` those that
        the lifecycle did not let go, so that they are not asked again.
        """
        self.env.flush_all()
        for statement in (
            SQL("DROP TABLE IF EXISTS lifecycle_due, lifecycle_left"),
            SQL(
                """
                CREATE TEMPORARY TABLE lifecycle_due (
                    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                    profile_id int UNIQUE,
                    rule_id int,
                    from_stage_id int,
                    to_stage_id int)
                """
            ),
            SQL("CREATE TEMPORARY TABLE lifecycle_left (profile_id int PRIMARY KEY)"),
        ):
            self.env.cr.execute(statement)

    def _get_base_domain(self, only):
        """Conditions on every profile that a run may move."""
        domain = Domain(
            [
                ("company_id", "=", self.company_id.id),
                ("active", "=", True),
                "|",
                ("pinned_until", "=", False),
                ("pinned_until", "<", self.as_of),
            ]
        )
        if only is not None:
            domain &= Domain("id", "in", only)
        return domain

    def _fill_due_by_lifecycle(self, lifecycles, only):
        """List those that another lifecycle takes than the one they are in.

        They go to the stage of the same category there, else to its first.
        """
        Profile = self.env["crm.lifecycle.profile"]
        earlier = Domain.FALSE
        for lifecycle in lifecycles:
            takes = lifecycle._get_domain(self.as_of)
            domain = self._get_base_domain(only) & takes & ~earlier
            earlier |= takes
            stages = lifecycle.stage_ids.sorted(lambda s: (s.sequence, s.id))
            if not stages:
                continue
            outside = Domain("lifecycle_id", "!=", lifecycle.id)
            by_category = {}
            for stage in stages:
                by_category.setdefault(stage.category, stage)
            for category, stage in by_category.items():
                self._insert_due(
                    Profile._search(
                        domain & outside & Domain("stage_id.category", "=", category)
                    ),
                    stage,
                )
            self._insert_due(Profile._search(domain & outside), stages[0])

    def _fill_due_by_rule(self, lifecycles, only):
        """List whom the rules would move now; the first matching rule wins."""
        Profile = self.env["crm.lifecycle.profile"]
        base = self._get_base_domain(only)
        for lifecycle in lifecycles:
            for rule in lifecycle.rule_ids.filtered("active"):
                domain = base & Domain(
                    [
                        ("lifecycle_id", "=", lifecycle.id),
                        ("stage_id", "not in", [False, rule.to_stage_id.id]),
                    ]
                )
                if rule.from_stage_ids:
                    domain &= Domain("stage_id", "in", rule.from_stage_ids.ids)
                if rule.min_days:
                    latest = self.as_of - timedelta(days=rule.min_days)
                    domain &= Domain("stage_date", "<=", latest)
                query = Profile._search(domain & rule._get_domain(self.as_of))
                query.add_where(
                    SQL(
                        """
                        NOT EXISTS (
                            SELECT FROM crm_lifecycle_history AS h
                             WHERE h.profile_id = crm_lifecycle_profile.id
                               AND h.date = %s
                               AND h.origin = 'rule'
                               AND h.from_stage_id = %s
                               AND h.create_date >= crm_lifecycle_profile.facts_date)
                        """,
                        self.as_of,
                        rule.to_stage_id.id,
                    )
                )
                self._insert_due(query, rule.to_stage_id, rule)

    def _insert_due(self, query, stage, rule=None):
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO lifecycle_due
                            (profile_id, rule_id, from_stage_id, to_stage_id)
                %s
                ON CONFLICT DO NOTHING
                """,
                query.select(
                    SQL.identifier("crm_lifecycle_profile", "id"),
                    SQL("%s", rule.id if rule else None),
                    SQL.identifier("crm_lifecycle_profile", "stage_id"),
                    SQL("%s", stage.id),
                ),
            )
        )

    def _move_due(self, lifecycles, checkpoint, fill, only):
        """List who is due and move them. Return how many moved."""
        started = time.monotonic()
        self.env.flush_all()
        self.env.cr.execute(SQL("TRUNCATE lifecycle_due"))
        fill(lifecycles, only)
        self.env.cr.execute(
            SQL(
                "DELETE FROM lifecycle_due AS d USING lifecycle_left AS l "
                "WHERE l.profile_id = d.profile_id"
            )
        )
        quiet = {
            stage.id: self._is_first_run(lifecycle)
            for lifecycle in lifecycles
            for stage in lifecycle.stage_ids
        }
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
                self._tell_planner(
                    moved, "crm_lifecycle_profile", "crm_lifecycle_history"
                )
                return moved
            moved += self._attempt(checkpoint, self._move_rows, rows, quiet)
            last_id = rows[-1][0]
            self._timed("move", started)
            self._checkpoint(checkpoint, len(rows))

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
            moved = profiles._lifecycle_move(
                stage,
                origin="rule",
                from_stage=Stage.browse(from_stage_id or []),
                as_of=self.as_of,
                rule=rule,
                reason=None if rule else ENTERS,
                quiet=quiet[to_stage_id],
            )
            count += len(moved)
            self._note_left(profiles - moved)
        self.moved_count += count
        return count

    def _note_left(self, profiles):
        """Do not ask again in this run about those that did not move."""
        if not profiles:
            return
        self.left_count += len(profiles)
        self.env.cr.execute(
            SQL(
                "INSERT INTO lifecycle_left (profile_id) SELECT unnest(%s::int[]) "
                "ON CONFLICT DO NOTHING",
                profiles.ids,
            )
        )

    def _is_first_run(self, lifecycle):
        """Whether the lifecycle has not run in the company since its activation.

        A quick run looks at a few customers only: it is nobody's first.
        """
        return not self.search_count(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "=", "done"),
                ("kind", "!=", "quick"),
                ("date_start", ">=", lifecycle.activation_date),
                ("id", "<", self.id),
            ],
            limit=1,
        )

    def _sync_tags(self, lifecycles, only):
        """Put tags on those whose conditions hold, take them off the others."""
        started = time.monotonic()
        Profile = self.env["crm.lifecycle.profile"]
        self.env.flush_all()
        changed = 0
        inside = Domain("id", "in", only) if only is not None else Domain.TRUE
        for tag in lifecycles.tag_ids:
            holds = Profile._search(
                inside
                & tag._get_domain(self.as_of)
                & Domain(
                    [
                        ("company_id", "=", self.company_id.id),
                        ("lifecycle_id", "=", tag.lifecycle_id.id),
                        ("active", "=", True),
                    ]
                )
            )
            where = SQL("p.company_id = %s", self.company_id.id)
            if only is not None:
                where = SQL("%s AND p.id = ANY(%s)", where, only)
            self.env.cr.execute(
                SQL(
                    """
                    DELETE FROM crm_lifecycle_profile_tag_rel AS r
                     USING crm_lifecycle_profile AS p
                     WHERE r.tag_id = %s AND p.id = r.profile_id AND %s
                       AND r.profile_id NOT IN (%s)
                    """,
                    tag.id,
                    where,
                    holds.select(),
                )
            )
            changed += self.env.cr.rowcount
            self.env.cr.execute(
                SQL(
                    "INSERT INTO crm_lifecycle_profile_tag_rel (profile_id, tag_id) "
                    "%s ON CONFLICT DO NOTHING",
                    holds.select(
                        SQL.identifier("crm_lifecycle_profile", "id"),
                        SQL("%s", tag.id),
                    ),
                )
            )
            changed += self.env.cr.rowcount
        if changed:
            Profile.invalidate_model(["tag_ids"])
        self._timed("evaluate", started)
