"""The one writer of stages.

Each move, whoever asks for it, passes through `_lifecycle_move`: it checks the
policy of the lifecycle, takes the rows that still stand where the caller saw
them, and writes the stage and its row of history together.
"""

from datetime import timedelta

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine import bounds
from ..engine import stages as engine
from ..engine.statements import NOW
from .crm_lifecycle_history import PASSES
from .crm_lifecycle_profile import WriterPass


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _lifecycle_move(
        self,
        stage,
        *,
        origin,
        from_stage=None,
        as_of=None,
        rule=None,
        reason=None,
        quiet=False,
        writer=None,
        is_transfer=False,
    ):
        """Move the customers to a stage and write it down. Return the moved ones.

        :param stage: the `crm.lifecycle.stage` to go to, of the customers' own
            lifecycle
        :param origin: a key of the history's ``origin``
        :param from_stage: move only those still there (compare and swap); an
            empty stage stands for customers without one; None takes them from
            wherever they are
        :param as_of: the day of the move, today by default
        :param rule: the `crm.lifecycle.rule` that asks for it
        :param quiet: set no automation going: no automation rule sees the
            write, and no playbook step comes of it
        :param writer: writes the values on the profiles, where the caller is
            inside of a write already
        :param is_transfer: the stage may be of another lifecycle than the customers'
        :raises UserError: where a person asks for a move that the lifecycle
            does not allow; a rule's move is left out instead
        """
        by_hand = origin in ("manual", "import")
        if not stage:
            raise UserError(
                self.env._("Choose the stage that the customer should move to.")
            )
        profiles = self._lock_for_move(stage, from_stage, wait=by_hand)
        return profiles._move_locked(
            stage,
            origin=origin,
            as_of=as_of,
            rule=rule,
            reason=reason,
            quiet=quiet,
            writer=writer,
            is_transfer=is_transfer,
        )

    def _move_locked(
        self,
        stage,
        *,
        origin,
        as_of,
        rule=None,
        reason=None,
        quiet=False,
        writer=None,
        is_transfer=False,
        run=None,
    ):
        """Move customers whose rows the caller has locked (see `_lifecycle_move`).

        :param run: the `crm.lifecycle.run` that moves them
        """
        if not self:
            return self
        if origin in ("manual", "import"):
            if not is_transfer:
                self._check_own_lifecycle(stage)
            self._check_allowed(stage)
            profiles = self
        else:
            unmovable = {*self._get_undecided(stage), *self._get_skipping(stage)}
            profiles = self.browse(id_ for id_ in self._ids if id_ not in unmovable)
        if not profiles:
            return profiles
        self.env.flush_all()
        common = {
            "date": as_of,
            "origin": origin,
            "rule": rule,
            "reason": reason,
            "quiet": quiet,
            "run": run,
        }
        for day, members in profiles._group_by_day(as_of):
            common["date"] = day
            if stage.lifecycle_id.skip_policy == "fill":
                members._fill_missing(stage, common)
            self.env["crm.lifecycle.history"]._record(members.ids, stage, **common)
            members._write_stage(
                stage, day, quiet, writer, by_rule=origin in ("rule", "replay")
            )
        return profiles

    def _reverse_moves(self, run, moves):
        """Put customers back where they were before a run moved them.

        Whoever has been moved since, or merged, stays. The stay in the earlier stage
        goes on from the day on which it began. No automation rule sees it, and no
        playbook comes of it.

        :param run: the `crm.lifecycle.run` that is voided
        :param moves: SQL of the ids of its moves
        :return: how many were put back, and the customers who stay
        """
        self.env.flush_all()
        for query in (
            SQL(
                """
                CREATE TEMPORARY TABLE lifecycle_back_move ON COMMIT DROP AS
                SELECT h.id, h.profile_id
                  FROM crm_lifecycle_history AS h
                 WHERE h.id IN (%s)
                """,
                moves,
            ),
            SQL("ANALYZE lifecycle_back_move"),
            # The first move of each customer tells the stage before, and since when;
            # the last one, where the run left them.
            SQL(
                """
                CREATE TEMPORARY TABLE lifecycle_back ON COMMIT DROP AS
                SELECT p.id AS profile_id, first.from_stage_id AS stage_id,
                       CASE WHEN first.from_stage_id IS NOT NULL
                            THEN first.date - first.days_in_from_stage
                       END AS stage_date,
                       last.date,
                       p.stage_id IS NOT DISTINCT FROM last.to_stage_id
                       AND NOT EXISTS (
                           SELECT FROM crm_lifecycle_history AS h
                            WHERE h.profile_id = p.id AND h.id > first.id
                              AND h.is_voided IS NOT TRUE
                              AND h.id NOT IN (SELECT id FROM lifecycle_back_move)
                       ) AS is_reversible
                  FROM (SELECT profile_id, MIN(id) AS first_id, MAX(id) AS last_id
                          FROM lifecycle_back_move GROUP BY profile_id) AS span
                  JOIN crm_lifecycle_history AS first ON first.id = span.first_id
                  JOIN crm_lifecycle_history AS last ON last.id = span.last_id
                  JOIN crm_lifecycle_profile AS p ON p.id = span.profile_id
                 ORDER BY p.id
                   FOR NO KEY UPDATE OF p
                """
            ),
            SQL("ANALYZE lifecycle_back"),
        ):
            self.env.cr.execute(query)
        self.env["crm.lifecycle.history"]._record_reversal(run)
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE crm_lifecycle_profile AS p
                   SET stage_id = b.stage_id, stage_date = b.stage_date,
                       date_last_stage_update = b.stage_date::timestamp,
                       lifecycle_id = s.lifecycle_id,
                       facts_date = %(now)s, write_date = %(now)s, write_uid = %(user)s
                  FROM lifecycle_back AS b
             LEFT JOIN crm_lifecycle_stage AS s ON s.id = b.stage_id
                 WHERE p.id = b.profile_id AND b.is_reversible
             RETURNING p.id
                """,
                now=NOW,
                user=self.env.uid,
            )
        )
        self.invalidate_model()
        self._sync_follow_up([row[0] for row in rows])
        left = self.env.execute_query(
            SQL(
                "SELECT profile_id FROM lifecycle_back WHERE NOT is_reversible "
                "ORDER BY profile_id"
            )
        )
        self.env.cr.execute(SQL("DROP TABLE lifecycle_back, lifecycle_back_move"))
        return len(rows), self.browse(row[0] for row in left)

    def _group_by_day(self, as_of):
        """Return ``[(day, profiles)]``: the day given, or each company's today."""
        if as_of:
            return [(as_of, self)]
        return [
            (company._lifecycle_today(), members)
            for company, members in self.grouped("company_id").items()
        ]

    def _lock_for_move(self, stage, from_stage, wait):
        """Return those that stand where the caller saw them, locked.

        A rule passes over rows that somebody else is moving right now: the
        next run looks at them again.
        """
        self.env.flush_all()
        where = SQL("p.stage_id IS DISTINCT FROM %s", stage.id)
        if from_stage is not None:
            where = SQL(
                "%s AND p.stage_id IS NOT DISTINCT FROM %s",
                where,
                from_stage.id or None,
            )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id
                  FROM crm_lifecycle_profile AS p
                 WHERE p.id = ANY(%s) AND %s
                 ORDER BY p.id
                   FOR NO KEY UPDATE %s
                """,
                self.ids,
                where,
                SQL() if wait else SQL("SKIP LOCKED"),
            )
        )
        return self.browse(row[0] for row in rows)

    def _check_move(self, stage):
        """Raise where one of the customers can't move to a stage by hand."""
        self._check_own_lifecycle(stage)
        self._check_allowed(stage)

    def _check_allowed(self, stage):
        """Raise where the lifecycle refuses a move of one of the customers."""
        for profile, why in self._get_refused(stage).items():
            raise UserError(profile._get_refusal(stage, why))

    def _get_refusal(self, stage, why):
        return self.env._(
            "%(customer)s can't move to “%(stage)s”: %(why)s",
            customer=self.display_name,
            stage=stage.name,
            why=why,
        )

    def _check_own_lifecycle(self, stage):
        """Raise where a customer lives in another lifecycle than the stage."""
        for profile in self:
            if profile.lifecycle_id and profile.lifecycle_id != stage.lifecycle_id:
                raise UserError(
                    self.env._(
                        "%(customer)s is in the lifecycle “%(own)s” and the stage "
                        "“%(stage)s” belongs to “%(other)s”. Choose a stage of the "
                        "customer's own lifecycle.",
                        customer=profile.display_name,
                        own=profile.lifecycle_id.name,
                        stage=stage.name,
                        other=stage.lifecycle_id.name,
                    )
                )

    def _get_refused(self, stage):
        """Return ``{profile: why}`` of those that the lifecycle keeps from moving.

        Coming from another lifecycle, or from none, is neither a skip nor a way
        back.
        """
        refused = {}
        undecided = self._get_undecided(stage)
        if undecided:
            labels = dict(self._fields["decision"]._description_selection(self.env))
            for profile_id, decision in undecided.items():
                refused[self.browse(profile_id)] = self.env._(
                    "decide first. Set the decision on the customer to “%(decision)s”.",
                    decision=labels[decision],
                )
        Stage = self.env["crm.lifecycle.stage"]
        for profile_id, missing in self._get_skipping(stage).items():
            names = Stage.browse(step.id for step in missing).mapped("name")
            refused[self.browse(profile_id)] = self.env._(
                "stages can't be skipped. Still missing: %(stages)s.",
                stages=", ".join(names),
            )
        return refused

    def _get_undecided(self, stage):
        """Return ``{id: decision}`` of those that lack the decision they need."""
        lifecycle = stage.lifecycle_id
        if lifecycle.regress_policy != "decision":
            return {}
        steps = lifecycle.stage_ids._steps()
        target = next(step for step in steps if step.id == stage.id)
        needed = {
            step.id: decision
            for step in steps
            if (decision := engine.decision_needed(step, target, steps))
        }
        self.flush_recordset(["decision", "lifecycle_id", "stage_id"])
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT p.id, needed.decision
                      FROM crm_lifecycle_profile AS p
                      JOIN unnest(%s::int[], %s::text[]) AS needed (stage_id, decision)
                        ON needed.stage_id = p.stage_id
                     WHERE p.id = ANY(%s) AND p.lifecycle_id = %s
                       AND p.decision IS DISTINCT FROM needed.decision
                    """,
                    list(needed),
                    list(needed.values()),
                    self.ids,
                    lifecycle.id,
                )
            )
        )

    def _get_skipping(self, stage):
        """Return ``{id: steps}`` of those who would skip stages that none may skip."""
        lifecycle = stage.lifecycle_id
        if lifecycle.skip_policy != "forbid":
            return {}
        self.flush_recordset(["lifecycle_id"])
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM crm_lifecycle_profile "
                "WHERE id = ANY(%s) AND lifecycle_id = %s ORDER BY id",
                self.ids,
                lifecycle.id,
            )
        )
        return self.browse(row[0] for row in rows)._get_missing(stage)

    def _get_missing(self, stage):
        """Return ``{id: steps}`` of those that would skip stages."""
        steps = stage.lifecycle_id.stage_ids._steps()
        target = next(step for step in steps if step.id == stage.id)
        below = engine.missing_steps(steps, (), target)
        if not below:
            return {}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id, v.visited
                  FROM unnest(%(ids)s::int[]) AS p (id)
             LEFT JOIN (SELECT profile_id, array_agg(DISTINCT to_stage_id) AS visited
                          FROM crm_lifecycle_history
                         WHERE profile_id = ANY(%(ids)s)
                           AND lifecycle_id = %(lifecycle)s AND is_voided IS NOT TRUE
                         GROUP BY profile_id) AS v ON v.profile_id = p.id
                 WHERE (%(target)s = ANY(v.visited) OR v.visited @> %(below)s::int[])
                       IS NOT TRUE
                """,
                ids=self.ids,
                lifecycle=stage.lifecycle_id.id,
                target=stage.id,
                below=[step.id for step in below],
            )
        )
        return {
            profile_id: engine.missing_steps(steps, visited or (), target)
            for profile_id, visited in rows
        }

    def _fill_missing(self, stage, common):
        """Let the customers pass, in no time, through the stages they would skip."""
        passing = {}
        missing = self._get_missing(stage)
        profiles = self.browse(missing)
        profiles.fetch(["stage_id"])
        for profile in profiles:
            for step in missing[profile.id]:
                if step.id != profile.stage_id.id:
                    passing.setdefault(step.id, []).append(profile.id)
        Stage = self.env["crm.lifecycle.stage"]
        for step in stage.lifecycle_id.stage_ids._steps():
            if step.id not in passing:
                continue
            self.env["crm.lifecycle.history"]._record(
                passing[step.id],
                Stage.browse(step.id),
                **{**common, "quiet": True, "reason": PASSES},
            )
            self.browse(passing[step.id])._write_stage(
                Stage.browse(step.id), common["date"], quiet=True, by_rule=True
            )

    def _write_stage(self, stage, date, quiet, writer=None, *, by_rule=False):
        """Write the stage; nothing else does.

        By the ORM, so that automation rules, computed fields and other addons
        see the move; quiet moves go straight to the table. Automation rules
        listen at the outermost write: a second one inside of it would set them
        going twice.
        """
        vals = {
            "stage_id": stage.id,
            "stage_date": date,
            "date_last_stage_update": self._get_stage_moment(date),
            "lifecycle_id": stage.lifecycle_id.id,
        }
        if stage.category == "at_risk":
            vals["decision"] = None
        if not by_rule:
            # No rule has been asked in the new stage yet; today's are over.
            vals["review_date"] = date + timedelta(days=1)
        if quiet:
            self._write_quietly(vals, stage)
            return
        if writer:
            writer(self, vals)
        else:
            # Only the writer's own values pass; access was checked by the caller.
            self.with_context(lifecycle_writer=WriterPass()).sudo().write(vals)
        self._sync_follow_up(self.ids)

    def _write_quietly(self, vals, stage):
        """Write the values of a move straight to the table, and the follow-up.

        The latter is the same as by `_sync_follow_up`, without a second look at the
        rows.
        """
        follow_up = None
        if stage.follow_up_days:
            follow_up = bounds.capped(
                SQL(
                    "GREATEST(%s::date, last_contact_date) + %s",
                    vals["stage_date"],
                    stage.follow_up_days,
                )
            )
        self.env.cr.execute(
            SQL(
                "UPDATE crm_lifecycle_profile SET %s, write_uid = %s, "
                "write_date = %s WHERE id = ANY(%s)",
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value)
                    for name, value in {**vals, "follow_up_date": follow_up}.items()
                ),
                self.env.uid,
                NOW,
                self.ids,
            )
        )
        self.invalidate_recordset()
