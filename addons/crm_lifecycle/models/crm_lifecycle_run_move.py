"""Evaluating the rules of a run, and moving those who are due."""

import functools
import random
import time

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from .crm_lifecycle_history import ENTERS
from .crm_lifecycle_run_due import (
    ASKED_AGAIN,
    ASKED_FIRST,
    ASKED_LATER,
    DROP_LISTS,
    HELD_LIST,
    LEAVE_MOVED_BY_HAND,
)

# Customers moved in one go: quiet moves are plain SQL; others go through the ORM and
# whatever automation listens there. Who moves one of them by hand meanwhile waits for
# the batch, so it takes about a second.
QUIET_BATCH = 20000
LOUD_BATCH = 250

# How often a run comes back to those whom somebody else was moving.
ROUNDS = 5


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
        is_anything_to_ask = self._attempt(checkpoint, self._begin_review, lifecycles)
        self._checkpoint(checkpoint)
        if is_anything_to_ask:
            self._move_in_steps(lifecycles, checkpoint, ASKED_FIRST)
            self._move_those_held(lifecycles, checkpoint)
            if not self._is_trial():
                self._attempt(checkpoint, self._note_waiting, lifecycles)
                self._checkpoint(checkpoint)
                if self.kind != "replay":
                    self._sync_tags(lifecycles, checkpoint)
                self._set_next_review(lifecycles, checkpoint)
        if not self._reuses_tables():
            self.env.cr.execute(DROP_LISTS)

    def _begin_review(self, lifecycles):
        """Make the lists, and list whose review is due."""
        self._create_due_tables()
        return self._take_due_for_review(lifecycles)

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
            is_last = checkpoint is None or attempt == ROUNDS
            held = self._attempt(checkpoint, self._list_held, is_last)
            self._checkpoint(checkpoint)
            if is_last or not held:
                return
            time.sleep(random.uniform(0, 0.2 * attempt))
            self._checkpoint(checkpoint)
            self.env.cr.execute(SQL(LEAVE_MOVED_BY_HAND, self.as_of))
            self._checkpoint(checkpoint)
            self._move_in_steps(lifecycles, checkpoint, ASKED_LATER)

    def _list_held(self, is_last):
        """List whom somebody else held; the last time, leave them to tomorrow."""
        held = self.env.execute_query(
            SQL("SELECT DISTINCT profile_id FROM lifecycle_busy")
        )
        self._execute_all(HELD_LIST)
        if is_last:
            self._note_left([profile_id for [profile_id] in held])
        return held

    def _move_due(self, lifecycles, checkpoint, fill):
        """List who is due and move them. Return how many moved."""
        started = time.monotonic()
        is_anybody_due = self._attempt(checkpoint, self._list_due, lifecycles, fill)
        self._timed("evaluate", started)
        self._checkpoint(checkpoint)
        if not is_anybody_due:
            return 0
        self._begin_move(checkpoint)
        quiet = {}
        for lifecycle in lifecycles:
            first = self._is_first_run(lifecycle)
            quiet |= dict.fromkeys(lifecycle.stage_ids.ids, first)
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

    def _list_due(self, lifecycles, fill):
        """List who is due. Return whether anybody is."""
        self.env.flush_all()
        self._begin_due_list()
        fill(lifecycles)
        self.env.cr.execute(
            SQL(
                "DELETE FROM lifecycle_due AS d USING lifecycle_left AS l "
                "WHERE l.profile_id = d.profile_id"
            )
        )
        if not self.env.execute_query(SQL("SELECT FROM lifecycle_due LIMIT 1")):
            return False
        if not self._is_trial():
            self._add_due_to_review()
        return True

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
                run=self.parent_id or self,
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
