from odoo import api, fields, models
from odoo.tools.misc import formatLang

# Maximum of the progress bar for a step without a count of customers, which may take
# longer than last time.
MOST = 0.95


class CrmLifecycleProgress(models.AbstractModel):
    """Progress of long work: done, total, and the time left.

    The work consists of steps, each with its own count. The progress of a step that is
    a single statement is estimated from its last duration.
    """

    _name = "crm.lifecycle.progress"
    _description = "Progress of Long Work"

    step_date = fields.Datetime(string="Step started", readonly=True)
    expected_seconds = fields.Float(readonly=True, aggregator=None)
    done_count = fields.Integer(string="Worked off", readonly=True, aggregator=None)
    total_count = fields.Integer(string="Of how many", readonly=True, aggregator=None)
    is_working = fields.Boolean(compute="_compute_progress")
    progress = fields.Float(compute="_compute_progress", help="In percent.")
    progress_text = fields.Char(string="How far", compute="_compute_progress")

    @api.depends("step_date", "expected_seconds", "done_count", "total_count")
    @api.depends_context("lang")
    def _compute_progress(self):
        now = fields.Datetime.now()
        for record in self:
            record.is_working = record._is_working()
            elapsed = (now - (record.step_date or now)).total_seconds()
            part, left = self._get_part(
                *record._get_counts(), elapsed, record.expected_seconds
            )
            record.progress = 100 * part
            record.progress_text = record._get_progress_text(left)

    def _is_working(self):
        """Extension point: return whether the work is running, or waiting to start."""
        self.ensure_one()
        return False

    def _get_step_name(self):
        """Extension point: return the name of the current step."""
        self.ensure_one()
        return ""

    def _get_counts(self):
        """Extension point: return the done and total counts of the current step."""
        self.ensure_one()
        return self.done_count, self.total_count

    @api.model
    def _get_part(self, done, total, elapsed, expected):
        """Return the finished part of a step, and the seconds left (or None).

        The last duration is used until customers are counted, so that the bar never
        goes back.
        """
        part = min(done / total, 1.0) if total else 0.0
        left = None
        if part and elapsed >= 1:
            left = elapsed / part - elapsed
        elif not part and expected:
            part = min(elapsed / expected, MOST)
            left = max(expected - elapsed, 0)
        return part, left

    def _get_progress_text(self, left):
        self.ensure_one()
        if not self.is_working:
            return False
        parts = [self._get_step_name() or ""]
        done, total = self._get_counts()
        if total:
            parts.append(
                self.env._(
                    "%(done)s of %(total)s",
                    done=self._format_count(done),
                    total=self._format_count(total),
                )
            )
        if left is not None:
            parts.append(self._get_time_left_text(left))
        return " · ".join(part for part in parts if part)

    @api.model
    def _format_count(self, count):
        return formatLang(self.env, count, digits=0)

    @api.model
    def _get_time_left_text(self, seconds):
        if seconds < 60:
            return self.env._("less than a minute left")
        minutes = round(seconds / 60)
        if minutes < 60:
            return self.env._("about %(minutes)s min left", minutes=minutes)
        return self.env._(
            "about %(hours)s h %(minutes)s min left",
            hours=minutes // 60,
            minutes=minutes % 60,
        )
