"""The move service: the only code that writes stages and their history.

Code that moves a customer describes the move as a `Move` and passes it to
`MoveService`, which takes four steps: lock the profiles that are still in the expected
stage, check the policy of the lifecycle, record the move in the history, write the
stage. Rules, staff, imports, merges, replays and voided runs all use it. No other
module adds rows to the history or writes the stage of a profile, except for
`moves_rebuild`, the part of the service that replaces the past.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from odoo import models
from odoo.tools import SQL

from .engine import bounds, stages
from .engine.stages import CUSTOMERS
from .engine.statements import NOW

# Reasons of moves that neither a rule nor a user requested. They are stored in English
# and shown in the reader's language: jobs have no language.
REASON_ENTERS = "Enters the lifecycle"
REASON_PASSES = "Passed through"

# Moves that import the past: the playbook runs no step for them.
QUIET_ORIGINS = ("import", "replay")
# Moves that a customer who enters a lifecycle makes in a run.
ORIGINS_OF_PLACEMENT = ("start", "switch")
# Moves that a user requested: the lifecycle raises an error if it refuses them.
ORIGINS_BY_HAND = ("manual", "import")
# Moves of a run, which sets the next review itself.
ORIGINS_BY_RULE = ("rule", "replay", *ORIGINS_OF_PLACEMENT)

# Columns of a profile that a replay publishes.
PUBLISHED = ("lifecycle_id", "stage_id", "stage_date", "date_last_stage_update")

# Adds the rows of a move, and counts those with playbook steps.
INSERT_HISTORY = """
    WITH added AS (
    INSERT INTO crm_lifecycle_history (
        profile_id, partner_id, lead_id, company_id,
        lifecycle_id, lifecycle_version, from_stage_id, to_stage_id,
        date, origin, rule_id, user_id, reason, facts,
        days_in_from_stage, processed_at, is_quiet, chain, run_id,
        passed_stages, is_baseline, customer_date, purchase_date,
        decision, hold_days,
        create_date, write_date)
    SELECT p.id, p.partner_id, p.lead_id, p.company_id,
           %(lifecycle)s, %(version)s, p.stage_id, %(stage)s,
           %(day)s, %(origin)s, %(rule)s, %(user)s, %(reason)s,
           %(facts)s,
           GREATEST(%(day)s - p.stage_date, 0), %(processed_at)s,
           %(quiet)s, %(chain)s, %(run)s,
           %(passed)s::jsonb, %(baseline)s,
           CASE WHEN %(baseline)s AND %(customer_date)s <= %(day)s
                THEN %(customer_date)s END,
           %(purchase_date)s,
           CASE WHEN p.stage_id IS DISTINCT FROM %(stage)s THEN p.decision END,
           %(hold_days)s,
           %(now)s, %(now)s
      FROM crm_lifecycle_profile AS p
           %(days)s
     WHERE p.id = ANY(%(ids)s)
    RETURNING processed_at)
    SELECT COUNT(*) FROM added WHERE processed_at IS NULL
"""


class WriteToken:
    """Allows one write of a stage by the move service.

    It is passed in the context, where RPC can't forge an object. It is valid for one
    write only: automation rules that this write triggers inherit the context, and
    their own writes must use the move service as well.
    """

    def __init__(self):
        self.used = False

    def use(self):
        first, self.used = not self.used, True
        return first


def consume_write_token(env):
    """Return whether the move service writes the profiles; True only once."""
    write_token = env.context.get("lifecycle_writer")
    return isinstance(write_token, WriteToken) and write_token.use()


@dataclass(frozen=True, kw_only=True)
class Move:
    """A move of customers to a stage.

    :param stage: the target `crm.lifecycle.stage`
    :param origin: a key of the history's ``origin``
    :param day: the date of the move; None: today in each company
    :param days: in place of ``day``, ``{profile id: date}``, for quiet moves
    :param from_stage: move only profiles that are still there (compare and swap); an
        empty stage means profiles without one; None means any stage
    :param rule: the `crm.lifecycle.rule` that requests the move
    :param reason: the reason, if no rule requests the move
    :param quiet: trigger no automation: no automation rule sees the write, and the
        playbook runs no step
    :param run: the `crm.lifecycle.run` that makes the move
    :param is_transfer: allow a stage of another lifecycle than the customers'
    :param passed_ids: the stages on the way, in place of a move through each of them
    :param is_baseline: the move says where the customers already are: reports don't
        count it
    :param next_review: SQL of the next review of profile ``p``, for quiet moves of runs
    """

    stage: models.BaseModel
    origin: str
    day: date | None = None
    days: Mapping[int, date] | None = None
    from_stage: models.BaseModel | None = None
    rule: models.BaseModel | None = None
    reason: str | None = None
    quiet: bool = False
    run: models.BaseModel | None = None
    is_transfer: bool = False
    passed_ids: tuple[int, ...] = ()
    is_baseline: bool = False
    next_review: SQL | None = None

    @property
    def is_by_hand(self) -> bool:
        return self.origin in ORIGINS_BY_HAND

    @property
    def is_of_run(self) -> bool:
        """Whether no user made the move."""
        is_placed = self.origin in ORIGINS_OF_PLACEMENT and self.run is not None
        return self.origin == "rule" or is_placed

    @property
    def is_by_rule(self) -> bool:
        return self.origin in ORIGINS_BY_RULE

    @property
    def is_held(self) -> bool:
        """Whether staff chose the stage, so that rules wait before they change it."""
        return self.origin == "manual"

    def get_held_until(self, profiles) -> date | None:
        """Return the day from which rules may move profiles of one company again.

        None: the move is not held.
        """
        if not (self.is_held and self.day):
            return None
        # sudo: the hold of a company is not confidential.
        days = profiles.company_id[:1].sudo().lifecycle_hold_days
        return bounds.shift(self.day, days=days) if days else None


class MoveService:
    """Moves profiles with the rights and the context of an environment.

    Methods take profiles and the `Move`, and return the profiles that moved.
    """

    def __init__(self, env):
        self.env = env

    def move(self, profiles, move: Move, writer: Callable | None = None):
        """Lock profiles, check the policy, record the move and write the stage.

        :param writer: called as ``writer(profiles, values)`` to write on profiles, if
            the caller is already inside a write
        :raises UserError: if a user requests a move that the lifecycle refuses; a
            rule's move is skipped instead
        """
        free = self.lock(profiles, move.stage, move.from_stage, wait=move.is_by_hand)
        return self.move_locked(free, move, writer)

    def move_locked(self, profiles, move: Move, writer: Callable | None = None):
        """Do `move` for profiles that the caller has already locked."""
        profiles = self._filter_allowed(profiles, move)
        if not profiles:
            return profiles
        self.env.flush_all()
        for part, members in self._iter_days(profiles, move):
            fills = move.stage.lifecycle_id.skip_policy == "fill"
            if fills and move.origin not in ORIGINS_OF_PLACEMENT:
                self._pass_through(members, part)
            self._write_history(members, part)
            self._write_stage(members, part, writer, sets_review=not part.is_by_rule)
        return profiles

    def correct_date(self, profiles, move: Move):
        """Correct the dates of the present stay of profiles by a quiet move.

        It neither locks nor checks. Call it after `move`, with the same `Move`, for
        profiles that `move` skipped because they are already in the stage.
        """
        self._write_history(profiles, move)
        self._write_stage(profiles, move, leaves=False)

    # ------------------------------------------------------------
    # Lock
    # ------------------------------------------------------------

    def lock(self, profiles, stage, from_stage, *, wait):
        """Return the profiles that are still where the caller saw them, locked.

        :param wait: wait for profiles that another transaction holds; otherwise skip
            them, and the next run reviews them again
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
                profiles.ids,
                where,
                SQL() if wait else SQL("SKIP LOCKED"),
            )
        )
        return profiles.browse(row[0] for row in rows)

    # ------------------------------------------------------------
    # Check
    # ------------------------------------------------------------

    def _filter_allowed(self, profiles, move):
        """Return the profiles that the lifecycle allows to move.

        :raises UserError: if a user requests a move that the lifecycle refuses
        """
        if not profiles:
            return profiles
        if move.is_by_hand:
            if not move.is_transfer:
                profiles._check_own_lifecycle(move.stage)
            profiles._check_allowed(move.stage)
            return profiles
        unmovable = {
            *profiles._get_missing_decisions(move.stage),
            *profiles._get_forbidden_skips(move.stage),
        }
        return profiles.browse(id_ for id_ in profiles._ids if id_ not in unmovable)

    def _iter_days(self, profiles, move) -> Iterator[tuple[Move, models.BaseModel]]:
        """Yield the move with its day or days, and the profiles concerned."""
        if (move.day and not move.is_held) or move.days:
            yield move, profiles
            return
        for company, members in profiles.grouped("company_id").items():
            yield replace(move, day=move.day or company._lifecycle_today()), members

    def _pass_through(self, profiles, move):
        """Move profiles through the stages that they would skip, on the same day."""
        passing = {}
        missing = profiles._get_skipped_stages(move.stage)
        profiles = profiles.browse(missing)
        profiles.fetch(["stage_id"])
        for profile in profiles:
            for info in missing[profile.id]:
                if info.id != profile.stage_id.id:
                    passing.setdefault(info.id, []).append(profile.id)
        for info in move.stage.lifecycle_id.stage_ids._get_stage_infos():
            if info.id in passing:
                members = profiles.browse(passing[info.id])
                stage = self.env["crm.lifecycle.stage"].browse(info.id)
                part = replace(move, stage=stage, quiet=True, reason=REASON_PASSES)
                self._write_history(members, part)
                self._write_stage(members, part, sets_review=False)

    # ------------------------------------------------------------
    # Record
    # ------------------------------------------------------------

    def _write_history(self, profiles, move):
        """Add the history row of a move from the present stage of each profile.

        Call it before the stage is written, in the same transaction, with everything
        flushed. It is a single statement, since the values come from the profiles
        themselves and the ORM refuses all writes to the history. Rows with playbook
        steps wake the worker; all other rows, and quiet ones, are already processed.
        """
        History = self.env["crm.lifecycle.history"]
        Log = self.env["crm.lifecycle.playbook.log"]
        rule, stage = move.rule, move.stage
        quiet = move.quiet or move.origin in QUIET_ORIGINS
        processed_at = NOW
        if not quiet:
            processed_at = Log._get_processed_at_sql(
                stage, History._get_left_stage_sql(stage), NOW
            )
        ids = profiles.ids
        [[waiting]] = self.env.execute_query(
            SQL(
                INSERT_HISTORY,
                lifecycle=stage.lifecycle_id.id,
                version=stage.lifecycle_id.version,
                stage=stage.id,
                day=_get_day(move),
                days=SQL("JOIN %s ON day.id = p.id", _get_days(move, ids))
                if move.days
                else SQL(),
                origin=move.origin,
                rule=rule.id if rule else None,
                user=None if move.is_of_run else self.env.uid,
                reason=move.reason or (rule.name if rule else None),
                facts=History._get_facts_sql(rule),
                processed_at=processed_at,
                quiet=quiet,
                chain=self.env.context.get("lifecycle_chain") or None,
                run=move.run.id if move.run else None,
                passed=json.dumps(move.passed_ids) if move.passed_ids else None,
                baseline=_get_baseline(move),
                customer_date=profiles._get_customer_date_sql(),
                purchase_date=profiles._get_purchase_date_sql(),
                hold_days=_get_hold_days(move),
                now=NOW,
                ids=list(ids),
            )
        )
        History.invalidate_model()
        profiles.invalidate_recordset(["history_ids"])
        if waiting:
            Log._trigger_process()

    # ------------------------------------------------------------
    # Write
    # ------------------------------------------------------------

    def _write_stage(
        self, profiles, move, writer=None, *, sets_review=True, leaves=True
    ):
        """Write the stage on profiles; no other method does.

        The write goes through the ORM, so that automation rules, computed fields and
        other addons see the move; quiet moves are plain SQL. Automation rules react to
        the outermost write: a second write inside it would trigger them twice.

        :param sets_review: set the next review to the day after the move. No rule has
            been evaluated in the new stage yet; those of the day itself are done.
        :param leaves: the profiles leave another stage, and with it end its hold and
            the decision made there
        """
        if move.quiet:
            self._write_stage_quietly(
                profiles, move, sets_review=sets_review, leaves=leaves
            )
            return
        vals = {
            "stage_id": move.stage.id,
            "stage_date": move.day,
            # Odoo's rotting needs the start of a stay as a datetime.
            "date_last_stage_update": datetime.combine(move.day, time.min),
            "lifecycle_id": move.stage.lifecycle_id.id,
        }
        if leaves:
            vals["decision"] = None
            vals["held_until"] = move.get_held_until(profiles)
        if sets_review:
            vals["review_date"] = move.day + timedelta(days=1)
        if writer:
            writer(profiles, vals)
        else:
            # Only the service's own values are written; the caller checked access.
            self.write_unchecked(profiles.sudo(), vals)
        profiles._sync_follow_up(profiles.ids)

    def _write_stage_quietly(self, profiles, move, *, sets_review, leaves):
        """Write a stage and its follow-up by plain SQL.

        The follow-up is the same as that of `_sync_follow_up`, without reading the rows
        again.
        """
        day = _get_day(move)
        stage = move.stage
        more = [SQL("follow_up_date = NULL")]
        if stage.follow_up_days:
            follow_up = bounds.cap_date(
                SQL("GREATEST(%s, p.last_contact_date) + %s", day, stage.follow_up_days)
            )
            more = [SQL("follow_up_date = %s", follow_up)]
        if leaves:
            held_until = move.get_held_until(profiles)
            more.append(SQL("decision = NULL, held_until = %s", held_until))
        if move.next_review is not None:
            more.append(SQL("review_date = %s", move.next_review))
        elif sets_review:
            more.append(SQL("review_date = %s + 1", day))
        ids = profiles.ids
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_profile AS p
                   SET stage_id = %(stage)s, stage_date = %(day)s,
                       date_last_stage_update = %(day)s::timestamp,
                       lifecycle_id = %(lifecycle)s, %(more)s,
                       write_uid = %(user)s, write_date = %(now)s
                       %(days)s
                 WHERE p.id = ANY(%(ids)s) %(is_own_day)s
                """,
                stage=stage.id,
                day=day,
                lifecycle=stage.lifecycle_id.id,
                more=SQL(", ").join(more),
                user=self.env.uid,
                now=NOW,
                days=SQL("FROM %s", _get_days(move, ids)) if move.days else SQL(),
                ids=ids,
                is_own_day=SQL("AND p.id = day.id") if move.days else SQL(),
            )
        )
        profiles.invalidate_recordset()

    def write_unchecked(self, profiles, vals):
        """Write values that staff may not write on profiles, through the ORM.

        The caller has checked access. The profiles do not become pending.
        """
        profiles.with_context(lifecycle_writer=WriteToken()).write(vals)

    # ------------------------------------------------------------
    # Merge
    # ------------------------------------------------------------

    def merge(self, profile, source, origin):
        """Merge the stay of another profile of the company into that of a profile.

        The one with the stronger claim remains, with its start, its decision and its
        hold, see `_get_claim`. A history row from the other stage to this one closes
        the other stay, and marks its moves. It is no entry: nothing follows from it.
        """
        self.env.flush_all()
        wins = self._get_claim(source) > self._get_claim(profile)
        kept, closed = (source, profile) if wins else (profile, source)
        if kept.stage_id and (closed.stage_id or closed.history_ids):
            self._close_merged(closed, kept.stage_id, origin, source.display_name)
        if wins:
            self._take_over_stay(profile, source, origin)

    def _get_claim(self, profile):
        """Return what decides which stage remains after a merge: the greatest wins.

        A customer comes before a prospect, and the longer-lived before the younger.
        """
        moves = profile.history_ids.filtered(
            lambda row: not row.merge_id and not row.is_voided
        ).sorted(lambda row: (row.date, row.id))
        is_customer = profile.stage_id.category in CUSTOMERS or stages.is_customer(
            [
                stages.ClassedMove(
                    row.from_stage_id.category or None,
                    row.to_stage_id.category or None,
                    row.is_baseline,
                    bool(row.customer_date),
                )
                for row in moves
            ]
        )
        first = profile.first_seen_date or moves[:1].date or profile.create_date.date()
        return bool(profile.stage_id), is_customer, -first.toordinal()

    def _close_merged(self, profile, stage, origin, reason):
        """Close the stay of a profile whose life ends by a merge."""
        move = Move(
            stage=stage,
            origin=origin,
            day=profile.company_id._lifecycle_today(),
            reason=reason,
            quiet=True,
        )
        self._write_history(profile, move)
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_history
                   SET merge_id = (SELECT MAX(id) FROM crm_lifecycle_history
                                    WHERE profile_id = %(profile)s)
                 WHERE profile_id = %(profile)s AND merge_id IS NULL
                """,
                profile=profile.id,
            )
        )

    def _take_over_stay(self, profile, source, origin):
        """Write the stage of a source on a profile, with all that belongs to it."""
        move = Move(
            stage=source.stage_id, origin=origin, day=source.stage_date, quiet=True
        )
        self._write_stage(profile, move)
        self.write_unchecked(
            profile,
            {"decision": source.decision, "held_until": source.held_until},
        )

    def split(self, profile, lead, rows):
        """Undo the merge of a lead into the profile of a customer that was wrong.

        The moves of the lead become those of a profile of its own, in the stage where
        they end. The merge counts no longer. The customer is where the merge found
        them; if the lead's stage had won and they moved since, they stay there.

        :param rows: the moves of the lead
        :return: the profile of the lead
        """
        self.env.flush_all()
        merges = profile.history_ids.filtered(
            lambda row: row.merge_id == row and row.id >= rows.ids[0]
        )
        merge = (merges & rows) or merges.sorted("id")[-1:]
        moves = (rows - merge).sorted("id")
        target = profile._create_lead_profile(lead)
        last = moves[-1:]
        is_lost = bool(merge & rows)
        later = profile.history_ids - rows - merge
        later = later.filtered(lambda row: not row.merge_id and row.id > last.id)
        self._move_rows(moves, target, merge)
        self._move_rows(profile.history_ids - rows, profile, merge)
        self._detach(merge)
        if last.to_stage_id:
            move = Move(
                stage=last.to_stage_id, origin="convert", day=last.date, quiet=True
            )
            self._write_stage(target, move)
        if not is_lost and not later:
            self._restore_stay(profile, merge)
        target._split_related_records(profile, moves)
        return target

    def _move_rows(self, rows, profile, merge):
        """Make moves those of a profile, and end their merge."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_history
                   SET profile_id = %s, partner_id = %s,
                       merge_id = NULLIF(merge_id, %s)
                 WHERE id = ANY(%s)
                """,
                profile.id,
                profile.partner_id.id or None,
                merge.id or None,
                rows.ids,
            )
        )
        self.env.invalidate_all()

    def _detach(self, merge):
        """Take the move of a merge that was wrong out of all histories."""
        self.env.cr.execute(
            SQL(
                "UPDATE crm_lifecycle_history "
                "SET profile_id = NULL, is_voided = TRUE WHERE id = ANY(%s)",
                merge.ids,
            )
        )
        self.env.invalidate_all()

    def _restore_stay(self, profile, merge):
        """Put a profile back into the stage that a merge ended, if it had one."""
        if not merge.from_stage_id:
            vals = {"stage_id": False, "stage_date": False, "lifecycle_id": False}
            self.write_unchecked(profile, vals)
            return
        days = timedelta(days=merge.days_in_from_stage or 0)
        move = Move(
            stage=merge.from_stage_id,
            origin=merge.origin,
            day=merge.date - days,
            quiet=True,
        )
        self._write_stage(profile, move)

    # ------------------------------------------------------------
    # Void
    # ------------------------------------------------------------

    def reverse(self, run, moves: SQL):
        """Move customers back to where they were before a run moved them.

        Customers that were moved or merged since then are skipped. The stay in the
        earlier stage continues from its original start. No automation rule sees the
        write, and the playbook runs no step.

        :param run: the `crm.lifecycle.run` that is voided
        :param moves: SQL of the ids of its moves
        :return: the number of customers moved back, and the skipped profiles
        """
        self.env.flush_all()
        for query in _list_reversals(moves):
            self.env.cr.execute(query)
        self.env.cr.execute(_record_reversals(run.id, self.env.uid))
        self.env.cr.execute(_void_moves())
        self.env["crm.lifecycle.history"].invalidate_model()
        rows = self.env.execute_query(_write_reversals(self.env.uid))
        Profile = self.env["crm.lifecycle.profile"]
        Profile.invalidate_model()
        Profile._sync_follow_up([row[0] for row in rows])
        left = self.env.execute_query(
            SQL(
                "SELECT profile_id FROM lifecycle_reversal WHERE NOT is_reversible "
                "ORDER BY profile_id"
            )
        )
        self.env.cr.execute(
            SQL("DROP TABLE lifecycle_reversal, lifecycle_reversal_move")
        )
        return len(rows), Profile.browse(row[0] for row in left)


# ----------------------------------------------------------------
# Days by profile
# ----------------------------------------------------------------


def _get_baseline(move: Move) -> SQL:
    """Return SQL of whether reports count a move of profile ``p``.

    A customer who comes from another lifecycle is the same customer. Of those whom an
    activation places, the ones first seen later are new.
    """
    lifecycle = move.stage.lifecycle_id
    is_switch = SQL(
        "(p.lifecycle_id IS NOT NULL AND p.lifecycle_id <> %s)", lifecycle.id
    )
    if not move.is_baseline or not lifecycle.activation_date:
        return is_switch
    return SQL(
        "(%s OR COALESCE(p.first_seen_date <= %s, TRUE))",
        is_switch,
        lifecycle.activation_date.date(),
    )


def _get_day(move: Move) -> SQL:
    """Return SQL of the day of a move: its own, or that of the row of `_get_days`."""
    return SQL("day.day") if move.days else SQL("%s::date", move.day)


def _get_days(move: Move, ids) -> SQL:
    """Return SQL of the table ``day (id, day)`` with the days of some profiles."""
    return SQL(
        "unnest(%s::int[], %s::date[]) AS day (id, day)",
        list(ids),
        [move.days[id_] for id_ in ids],
    )


# ----------------------------------------------------------------
# Hold
# ----------------------------------------------------------------


def _get_hold_start(profile: SQL, stage: SQL) -> SQL:
    """Return SQL of the day on which staff last moved a customer to a stage."""
    return SQL(
        """
        (SELECT MAX(h.date) FROM crm_lifecycle_history AS h
          WHERE h.profile_id = %s AND h.to_stage_id = %s AND h.origin = 'manual')
        """,
        profile,
        stage,
    )


def _get_hold_days(move: Move) -> SQL:
    """Return SQL of the days of the hold that a rule's move of ``p`` waited for.

    A run that finds nothing to do at the end of a hold clears it, so a hold that is
    still on the profile is the reason why the move comes only now.
    """
    if move.origin != "rule":
        return SQL("NULL::int")
    return SQL(
        "CASE WHEN p.held_until <= %s THEN p.held_until - %s END",
        _get_day(move),
        _get_hold_start(SQL("p.id"), SQL("p.stage_id")),
    )


# ----------------------------------------------------------------
# Statements of a void
# ----------------------------------------------------------------


def _list_reversals(moves: SQL) -> list[SQL]:
    """Fill ``lifecycle_reversal`` with the stages before and after the run.

    The first move of each customer gives the stage before, its start, and the decision
    and the hold that ended with it; the last move gives the stage in which the run left
    them. The profiles are locked.
    """
    return [
        SQL(
            """
            CREATE TEMPORARY TABLE lifecycle_reversal_move ON COMMIT DROP AS
            SELECT h.id, h.profile_id
              FROM crm_lifecycle_history AS h
             WHERE h.id IN (%s)
            """,
            moves,
        ),
        SQL("ANALYZE lifecycle_reversal_move"),
        SQL(
            """
            CREATE TEMPORARY TABLE lifecycle_reversal ON COMMIT DROP AS
            SELECT p.id AS profile_id, first.from_stage_id AS stage_id,
                   CASE WHEN first.from_stage_id IS NOT NULL
                        THEN first.date - first.days_in_from_stage
                   END AS stage_date,
                   first.decision,
                   CASE WHEN first.hold_days IS NOT NULL
                        THEN %(hold_start)s + first.hold_days
                   END AS held_until,
                   last.date,
                   -- still in the stage of the run, without a later move
                   p.stage_id IS NOT DISTINCT FROM last.to_stage_id
                   AND NOT EXISTS (
                       SELECT FROM crm_lifecycle_history AS h
                        WHERE h.profile_id = p.id AND h.id > first.id
                          AND h.is_voided IS NOT TRUE
                          -- of a rebuild: added later, but earlier in the history
                          AND h.origin <> 'replay'
                          AND h.id NOT IN (SELECT id FROM lifecycle_reversal_move)
                   ) AS is_reversible
              FROM (SELECT profile_id, MIN(id) AS first_id, MAX(id) AS last_id
                      FROM lifecycle_reversal_move GROUP BY profile_id) AS span
              JOIN crm_lifecycle_history AS first ON first.id = span.first_id
              JOIN crm_lifecycle_history AS last ON last.id = span.last_id
              JOIN crm_lifecycle_profile AS p ON p.id = span.profile_id
             ORDER BY p.id
               FOR NO KEY UPDATE OF p
            """,
            hold_start=_get_hold_start(
                SQL("first.profile_id"), SQL("first.from_stage_id")
            ),
        ),
        SQL("ANALYZE lifecycle_reversal"),
    ]


def _record_reversals(run_id: int, user_id: int) -> SQL:
    """Add the history rows that revert moves of a run.

    They have the day of the original move, so that the stage of a customer is right on
    every later day, too.
    """
    return SQL(
        """
        INSERT INTO crm_lifecycle_history (
            profile_id, partner_id, lead_id, company_id,
            lifecycle_id, lifecycle_version, from_stage_id, to_stage_id,
            date, origin, user_id, days_in_from_stage,
            processed_at, is_quiet, run_id, is_voided,
            create_date, write_date)
        SELECT p.id, p.partner_id, p.lead_id, p.company_id,
               s.lifecycle_id, l.version, p.stage_id, b.stage_id,
               b.date, 'void', %(user)s, 0,
               %(now)s, TRUE, %(run)s, TRUE,
               %(now)s, %(now)s
          FROM lifecycle_reversal AS b
          JOIN crm_lifecycle_profile AS p ON p.id = b.profile_id
     LEFT JOIN crm_lifecycle_stage AS s ON s.id = b.stage_id
     LEFT JOIN crm_lifecycle AS l ON l.id = s.lifecycle_id
         WHERE b.is_reversible
         ORDER BY p.id
        """,
        user=user_id,
        run=run_id,
        now=NOW,
    )


def _void_moves() -> SQL:
    """Mark the moves as voided, and their playbook steps as processed."""
    return SQL(
        """
        UPDATE crm_lifecycle_history AS h
           SET is_voided = TRUE, processed_at = COALESCE(h.processed_at, %s)
          FROM lifecycle_reversal_move AS m
          JOIN lifecycle_reversal AS b ON b.profile_id = m.profile_id
         WHERE h.id = m.id AND b.is_reversible
        """,
        NOW,
    )


def _write_reversals(user_id: int) -> SQL:
    """Write the stages before the run on the profiles, and return the profile ids."""
    return SQL(
        """
        UPDATE crm_lifecycle_profile AS p
           SET stage_id = b.stage_id, stage_date = b.stage_date,
               date_last_stage_update = b.stage_date::timestamp,
               lifecycle_id = s.lifecycle_id,
               decision = b.decision, held_until = b.held_until,
               facts_date = %(now)s, write_date = %(now)s, write_uid = %(user)s
          FROM lifecycle_reversal AS b
     LEFT JOIN crm_lifecycle_stage AS s ON s.id = b.stage_id
         WHERE p.id = b.profile_id AND b.is_reversible
     RETURNING p.id
        """,
        now=NOW,
        user=user_id,
    )


# ----------------------------------------------------------------
# Statements of a replay
# ----------------------------------------------------------------


def publish(company_id: int, today: date, customer_date: SQL) -> list[SQL]:
    """Write the moves of a replay, made on copies of the tables, to the real tables.

    The copies are those of `engine.shadow`, and are dropped. Customers who got a
    history meanwhile, or were deleted, are skipped. The next run reviews all customers.

    :param customer_date: SQL of the first purchase of profile ``p``
    """
    return [
        SQL(
            "ALTER TABLE pg_temp.crm_lifecycle_profile "
            "RENAME TO lifecycle_replayed_profile"
        ),
        SQL(
            "ALTER TABLE pg_temp.crm_lifecycle_history "
            "RENAME TO lifecycle_replayed_history"
        ),
        SQL("DROP TABLE pg_temp.crm_lifecycle_pending"),
        *_lock_published(company_id),
        set_customer_dates(SQL("lifecycle_replayed_history"), customer_date),
        SQL(
            """
            INSERT INTO crm_lifecycle_history
            SELECT m.*
              FROM lifecycle_replayed_history AS m
              JOIN lifecycle_published AS p ON p.id = m.profile_id
             ORDER BY m.profile_id, m.id
            """
        ),
        _write_published(today),
        SQL(
            "DROP TABLE lifecycle_replayed_profile, lifecycle_replayed_history, "
            "lifecycle_published"
        ),
    ]


def _lock_published(company_id: int) -> list[SQL]:
    """List the customers with moves to write, and lock their profiles.

    This comes first and locks in order, so that no other transaction moves them in
    between.
    """
    return [
        SQL(
            """
            CREATE TEMPORARY TABLE lifecycle_published ON COMMIT DROP AS
            SELECT p.id
              FROM crm_lifecycle_profile AS p
              JOIN lifecycle_replayed_profile AS t ON t.id = p.id
             WHERE p.company_id = %s AND t.stage_id IS NOT NULL
               AND p.stage_id IS NULL
               AND NOT EXISTS (SELECT FROM crm_lifecycle_history AS h
                                WHERE h.profile_id = p.id
                                  AND h.is_voided IS NOT TRUE)
             ORDER BY p.id
               FOR NO KEY UPDATE OF p
            """,
            company_id,
        ),
        SQL("ANALYZE lifecycle_published"),
    ]


def set_customer_dates(table: SQL, customer_date: SQL) -> SQL:
    """Set since when customers are customers, in the moves where a replay begins.

    :param customer_date: SQL of the first purchase of profile ``p``
    """
    return SQL(
        """
        UPDATE %(table)s AS h
           SET customer_date = %(day)s
          FROM crm_lifecycle_profile AS p
         WHERE p.id = h.profile_id AND h.is_baseline AND %(day)s <= h.date
        """,
        table=table,
        day=customer_date,
    )


def _write_published(today: date) -> SQL:
    """Write the stages in which the moves ended on the profiles."""
    moved = [SQL.identifier(name) for name in PUBLISHED]
    return SQL(
        """
        UPDATE crm_lifecycle_profile AS p
           SET (%(moved)s, review_date, follow_up_date) = (
               %(values)s, %(today)s,
               CASE WHEN s.follow_up_days > 0 THEN %(follow_up)s END)
          FROM lifecycle_published AS d
          JOIN lifecycle_replayed_profile AS t ON t.id = d.id
          JOIN crm_lifecycle_stage AS s ON s.id = t.stage_id
         WHERE p.id = d.id
        """,
        today=today,
        follow_up=bounds.cap_date(
            SQL("GREATEST(t.stage_date, p.last_contact_date) + s.follow_up_days")
        ),
        moved=SQL(", ").join(moved),
        values=SQL(", ").join(SQL("t.%s", name) for name in moved),
    )
