"""Running the lifecycles in the past, on a copy of the customers."""

import time
from dataclasses import replace
from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.exceptions import UserError

from ..engine import shadow


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    @api.model
    def _start_replay(self, company, date_from, date_to):
        """Return a new run for `crm.lifecycle._replay`."""
        if not date_from <= date_to <= company._lifecycle_today():
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

    def _execute_replay(self, date_from, date_to, months, checkpoint):
        """Do the replay and return the run."""
        self.ensure_one()
        run = self.with_company(self.company_id).with_context(active_test=False)
        days = replay_days(date_from, date_to, months)
        return run._keep_account(checkpoint, lambda _: run._replay_days(days))

    def _replay_days(self, days):
        """Run as of each day on a copy; then publish what came of it.

        The copy is a temporary table of the same name: it stands before the real
        one, and everything that a run does works on it. It costs a fraction of
        the real one, and whatever happens there locks and shows nothing.
        """
        lifecycles = self.env["crm.lifecycle"]._get_active(self.company_id)
        today = self.as_of = self.company_id._lifecycle_today()
        self._bring_up_to_date()
        self.env.flush_all()
        self._execute_all(shadow.create(self._get_schema(), self.company_id.id))
        scope = replace(self._get_scope(), since=None, previous_as_of=None)
        for day in days:
            since = None
            if scope.previous_as_of:
                # The last step has seen everything written by now.
                since = self.env.cr.now()
                self._execute_all(shadow.compact())
            scope = replace(scope, as_of=day, since=since)
            self._replay_day(scope)
            if not scope.previous_as_of:
                placed = lifecycles.filtered(lambda item: item.skip_policy == "allow")
                self._execute_all(shadow.join_moves(placed.ids))
            scope = replace(scope, previous_as_of=day)
        self.as_of = today
        self._publish_replay()
        self.state = "done"

    def _get_schema(self):
        return self.env.execute_query(shadow.CURRENT_SCHEMA)[0][0]

    def _bring_up_to_date(self):
        """Have a profile, with the facts of today, for everybody who is to be there."""
        scope = self._get_scope()
        self._phase_collect(None, scope)
        self._phase_refresh(None, scope)

    def _replay_day(self, scope):
        """Bring the copy to a day: facts, then stages."""
        self.as_of = scope.as_of
        started = time.monotonic()
        self._collect(scope)
        self._timed("collect", started)
        self._phase_refresh(None, scope)
        self._phase_move(None)

    def _publish_replay(self):
        """Write the moves of the copy, and where they ended, for real."""
        started = time.monotonic()
        self.env.flush_all()
        self._execute_all(shadow.publish(self.company_id.id, self.as_of))
        self.env.invalidate_all(flush=False)
        self._timed("move", started)


def replay_days(date_from: date, date_to: date, months: int) -> list[date]:
    """Return the days of a replay, in order, the last one ``date_to``.

    >>> replay_days(date(2026, 1, 31), date(2026, 3, 15), 1)
    [datetime.date(2026, 1, 31), datetime.date(2026, 2, 28), datetime.date(2026, 3, 15)]
    """
    days = []
    while (day := date_from + relativedelta(months=months * len(days))) < date_to:
        days.append(day)
    return [*days, date_to]
