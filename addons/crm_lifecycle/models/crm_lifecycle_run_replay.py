"""Running the lifecycles in the past, on a copy of the customers."""

import time
from dataclasses import replace
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine import domains, shadow
from ..engine.since import ALWAYS, since_of
from ..engine.statements import NOW
from .crm_lifecycle_run_due import DROP_LISTS

# With so many days or more, temporary tables stay from one to the next.
MANY_DAYS = 50
# How long old versions of rows are left in the copy.
COMPACT_AFTER = timedelta(days=28)


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    @api.model
    def _start_replay(self, company, date_from, date_to):
        """Return a new run for `crm.lifecycle._replay`."""
        today = min(company._lifecycle_today(), company._get_database_today())
        if not date_from <= date_to <= today:
            raise UserError(
                self.env._(
                    "The past from %(begin)s to %(end)s can't be replayed. Choose a "
                    "first day, and a last one that is not before it nor to come.",
                    begin=date_from,
                    end=date_to,
                )
            )
        return self.create(
            {"company_id": company.id, "as_of": date_to, "kind": "replay"}
        )

    def _execute_replay(self, date_from, date_to, step, checkpoint, progress):
        """Do the replay and return the run."""
        self.ensure_one()
        run = self.with_company(self.company_id).with_context(active_test=False)
        days = replay_days(date_from, date_to, step)
        return run._keep_account(checkpoint, lambda _: run._replay_days(days, progress))

    def _replay_days(self, days, progress=None):
        """Run as of each day on a copy; then publish what came of it.

        The copy is a temporary table of the same name: it stands before the real
        one, and everything that a run does works on it. It costs a fraction of
        the real one, and whatever happens there locks and shows nothing.
        """
        today = self.as_of = self.company_id._lifecycle_today()
        self._check_day(self.company_id, today)
        self._bring_up_to_date()
        self.env.flush_all()
        self._execute_all(shadow.create(self._get_schema(), self.company_id.id))
        scope = replace(self._get_scope(), since=None, previous_as_of=None)
        self._begin_step(None, "replay", len(days))
        # The days are told, rather than the steps of each.
        run = self.with_context(
            lifecycle_counts_days=True,
            lifecycle_reuses_tables=len(days) > MANY_DAYS,
            lifecycle_asked_facts=self._get_asked_facts(),
        )
        compacted = days[0]
        for number, day in enumerate(days, start=1):
            since = None
            if scope.previous_as_of:
                # The last step has seen everything written by now.
                since = self.env.cr.now()
            if day - compacted >= COMPACT_AFTER:
                self._execute_all(shadow.compact())
                compacted = day
            scope = replace(scope, as_of=day, since=since)
            run._replay_day(scope)
            scope = replace(scope, previous_as_of=day)
            self._tell_day(number, len(days), progress)
        self.env.cr.execute(DROP_LISTS)
        self._drop_passing()
        self.as_of = today
        self._begin_step(None, "publish")
        self._publish_replay()
        return True

    # ------------------------------------------------------------
    # What is asked
    # ------------------------------------------------------------

    def _get_asked_facts(self):
        """Return the facts that decide about moves, None where that can't be told.

        As of the past nothing else is kept, so nothing else is worked out: a replay
        of rules about orders reads no messages.
        """
        Profile = self.env["crm.lifecycle.profile"]
        lifecycles = self.env["crm.lifecycle"]._get_active(self.company_id)
        asked = {"first_seen_date"}
        for item in (*lifecycles, *lifecycles.rule_ids):
            for condition in self._parse(item.domain).iter_conditions():
                asked.add(condition.field_expr)
        facts = set(Profile._get_fact_fields())
        if any(Profile._follows_from_facts(path) for path in asked - facts):
            return None
        return frozenset(asked & facts)

    def _is_asked(self, facts):
        asked = self.env.context.get("lifecycle_asked_facts")
        return asked is None or not asked.isdisjoint(facts)

    def _get_sources(self):
        """Leave out, as of the past, what answers nothing that is asked."""
        return [
            source
            for source in super()._get_sources()
            if not source._facts or self._is_asked(source._facts)
        ]

    def _tell_day(self, number, count, progress):
        """Tell whoever asked that so many days of the past have been looked at."""
        if progress:
            progress(number, count)
        if task := self._get_progress():
            task.tell(1)

    def _bring_up_to_date(self):
        """Have a profile, with the facts of today, for everybody who is to be there."""
        scope = self._get_scope()
        self._phase_collect(None, scope)
        self._phase_refresh(None, scope)

    def _replay_day(self, scope):
        """Bring the copy to a day: facts, stages, and since when these are so."""
        self.as_of = scope.as_of
        previous = scope.previous_as_of
        is_told = previous is None or (scope.as_of - previous).days > 1
        last_id = started_at = None
        if is_told:
            [[last_id, started_at]] = self.env.execute_query(
                SQL("SELECT COALESCE(MAX(id), 0), %s FROM crm_lifecycle_history", NOW)
            )
        started = time.monotonic()
        self._collect(scope)
        self._timed("collect", started)
        self._phase_refresh(None, scope)
        self._phase_move(None)
        started = time.monotonic()
        lifecycles = self.env["crm.lifecycle"]._get_active(self.company_id)
        if previous is None:
            lifecycles = lifecycles.filtered(lambda item: item.skip_policy == "allow")
            self._execute_all(shadow.join_moves(lifecycles.ids))
        if is_told:
            self._date_moves(lifecycles, last_id, started_at, scope)
        self._timed("move", started)

    def _publish_replay(self):
        """Write the moves of the copy, and where they ended, for real."""
        started = time.monotonic()
        self.env.flush_all()
        self._execute_all(shadow.publish(self.company_id.id, self.as_of))
        self.env.invalidate_all(flush=False)
        self._timed("move", started)

    # ------------------------------------------------------------
    # Since when
    # ------------------------------------------------------------

    def _date_moves(self, lifecycles, last_id, started_at, scope):
        """Give the moves of a step the days on which their conditions became true.

        Where dates do not tell it, a move keeps the day of the step. No move is
        dated before the customer's last one, nor before the step, since the rule
        was asked on the previous day and did not match; but for the first step,
        which places customers where they have been for long.
        """
        self.env.flush_all()
        rules = lifecycles.rule_ids.filtered("active")

        def date_moves(unusable):
            moves = self._get_moves_since(
                lifecycles, rules - unusable, last_id, started_at, scope
            )
            self._execute_all(shadow.date_moves(moves, self.as_of))

        self._ask(rules, date_moves)
        self.env["crm.lifecycle.profile"].invalidate_model()
        self.env["crm.lifecycle.history"].invalidate_model()

    def _get_moves_since(self, lifecycles, rules, last_id, started_at, scope):
        """SQL of the moves of a step, as `shadow.date_moves` wants them.

        ``rules`` are those that can be asked, and so have moved somebody.
        """
        Profile = self.env["crm.lifecycle.profile"]
        query = Profile._search([("company_id", "=", self.company_id.id)])
        query.add_join(
            "JOIN",
            "move",
            "crm_lifecycle_history",
            SQL("move.profile_id = crm_lifecycle_profile.id AND move.id > %s", last_id),
        )
        query.add_where(SQL("move.lifecycle_id = ANY(%s)", lifecycles.ids))
        unchanged = SQL("FALSE")
        after = ALWAYS
        if scope.previous_as_of:
            unchanged = SQL("crm_lifecycle_profile.facts_date < %s", started_at)
            after = SQL("%s::date + 1", scope.previous_as_of)
        events = Profile._get_fact_events(scope)
        cases = [
            SQL(
                "WHEN %s THEN %s",
                rule.id,
                self._get_rule_since(rule, query, events, unchanged, after),
            )
            for rule in rules
        ]
        by_rule = SQL("NULL::date")
        if cases:
            by_rule = SQL("CASE move.rule_id %s END", SQL(" ").join(cases))
        entering = SQL("NULL::date")
        if all(self._parse(item.domain).is_true() for item in lifecycles):
            entering = SQL(
                "CASE WHEN move.from_stage_id IS NULL AND move.rule_id IS NULL "
                "THEN GREATEST(crm_lifecycle_profile.first_seen_date, %s) END",
                after,
            )
        return query.select(
            SQL("move.id"),
            SQL("move.profile_id"),
            SQL("COALESCE(%s, %s) AS since", by_rule, entering),
            SQL("move.date - move.days_in_from_stage AS entered"),
        )

    def _get_rule_since(self, rule, query, events, unchanged, after):
        """SQL of the day since which a rule has matched those whom it moved.

        Not before ``after``; but whoever waits in a stage that they entered in the
        step before waits since the day on which they did.
        """
        Profile = self.env["crm.lifecycle.profile"]

        def holds(part):
            return Profile._get_condition_sql(
                Profile._resolve_facts(part, self.as_of), query
            )

        day = since_of(
            domains.parse(rule.domain),
            Profile._table,
            Profile._get_column_type,
            events,
            unchanged,
            holds,
        )
        if rule.min_days:
            after = SQL("move.date - move.days_in_from_stage + %s", rule.min_days)
        return SQL("GREATEST(%s, %s)", day, after)


def replay_days(date_from: date, date_to: date, step: str) -> list[date]:
    """Return the days of a replay, in order, the last one ``date_to``.

    >>> replay_days(date(2026, 1, 31), date(2026, 3, 15), "month")
    [datetime.date(2026, 1, 31), datetime.date(2026, 2, 28), datetime.date(2026, 3, 15)]
    """
    days = []
    while (day := date_from + relativedelta(**{f"{step}s": len(days)})) < date_to:
        days.append(day)
    return [*days, date_to]
