from odoo import api, fields, models
from odoo.tools.misc import formatLang

# A step without a count shows at most this part of the bar: it may take longer than the
# last time.
MAX_EXPECTED_PART = 0.95


class BackgroundTaskProgressMixin(models.AbstractModel):
    """Progress of long work: items done, of how many, and the time left.

    The work goes by steps, each with its own count. The progress of a step without a
    count, such as a single statement, follows from the time that it took the last time.
    """

    _name = "background.task.progress.mixin"
    _description = "Progress of Long Work"

    step_date = fields.Datetime(string="Step started", readonly=True)
    expected_seconds = fields.Float(readonly=True, aggregator=None)
    done_count = fields.Integer(string="Items done", readonly=True, aggregator=None)
    total_count = fields.Integer(
        string="Items in total", readonly=True, aggregator=None
    )
    is_working = fields.Boolean(compute="_compute_progress")
    progress = fields.Float(compute="_compute_progress", help="In percent.")
    progress_text = fields.Char(compute="_compute_progress")

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
        """Extension point: return whether the work goes on, or waits to begin."""
        self.ensure_one()
        return False

    def _get_step_name(self):
        """Extension point: return the name of the present step."""
        self.ensure_one()
        return ""

    def _get_counts(self):
        """Extension point: return the items done of the step, and their total."""
        self.ensure_one()
        return self.done_count, self.total_count

    @api.model
    def _get_part(self, done, total, elapsed, expected):
        """Return the finished part of a step, and the seconds left (or None).

        The expected time counts only until the first item is done, so that the bar
        never goes back.
        """
        part = min(done / total, 1.0) if total else 0.0
        left = None
        if part and elapsed >= 1:
            left = elapsed / part - elapsed
        elif not part and expected:
            part = min(elapsed / expected, MAX_EXPECTED_PART)
            left = max(expected - elapsed, 0)
        return part, left

    def _get_progress_text(self, left):
        """Return the step, its counts and the time left in words.

        :param left: seconds left, None if unknown
        """
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
