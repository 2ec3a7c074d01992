"""How far a run is, for whoever waits for it."""

from odoo import fields, models

from .crm_lifecycle_run_collect import MANY

PHASES = ("collect", "refresh", "evaluate", "move")


class CrmLifecycleRun(models.Model):
    _inherit = "crm.lifecycle.run"

    def _is_working(self):
        self.ensure_one()
        return self.state == "running"

    def _get_step_name(self):
        self.ensure_one()
        return dict(self._fields["step"]._description_selection(self.env)).get(
            self.step
        )

    def _get_progress(self):
        """Return the `Progress` of the task that asked for the run, if one did."""
        return self.env.context.get("lifecycle_progress")

    def _is_trial(self):
        """Whether nothing stays of what the run does (see `_on_copies`)."""
        return self.env.context.get("lifecycle_is_trial", False)

    def _counts_days(self):
        """Whether the progress told is that of the days of a replay."""
        return self.env.context.get("lifecycle_counts_days")

    def _is_watched(self, checkpoint):
        """Whether anybody would see how far the run is."""
        return checkpoint is not None or self._get_progress() is not None

    def _begin_step(self, checkpoint, step, total=0):
        """Tell which step begins, and how many customers it is about."""
        if self._counts_days() or not self._is_watched(checkpoint):
            return
        expected = self._get_expected_seconds(step, total)
        self._attempt(
            None if self.kind == "replay" else checkpoint,
            self.write,
            {
                "step": step,
                "step_date": fields.Datetime.now(),
                "expected_seconds": expected,
                "done_count": 0,
                "total_count": total,
            },
        )
        progress = self._get_progress()
        if progress:
            progress.begin(self._get_step_name(), total, expected)
        # A step may be one statement: others see now that it has begun.
        self._checkpoint(checkpoint)

    def _get_expected_seconds(self, step, total):
        """Return how long a step took the last time, 0 where that is not known.

        Where it is known how many customers it is about: for as many.
        """
        if step not in PHASES:
            return 0.0
        last = self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "=", "done"),
                ("kind", "=", self.kind),
                ("profile_count", ">", MANY),
                ("id", "<", self.id),
            ],
            order="id desc",
            limit=1,
        )
        if not last:
            return 0.0
        share = total / last.profile_count if total else 1
        return last[f"{step}_seconds"] * share
