"""Failed steps: where users see them, and how they are retried."""

import ast

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..access import is_readable


class CrmLifecyclePlaybookLog(models.Model):
    _inherit = "crm.lifecycle.playbook.log"

    retry_user_id = fields.Many2one(
        comodel_name="res.users",
        string="Tried again by",
        readonly=True,
        ondelete="set null",
    )

    def action_retry(self):
        """Retry steps that failed or were skipped, each one separately.

        Steps that were done are ignored. Like the first time, steps act for the
        company, so only users who may configure playbooks may retry them.
        """
        if not self.env.user.has_group("sales_team.group_sale_manager"):
            raise AccessError(
                self.env._(
                    "Only administrators of Sales may try steps of playbooks again."
                )
            )
        self.check_access("read")
        # sudo: users can't write the log; the retry acts as the worker.
        steps = self.sudo().filtered(lambda step: step.state != "done").sorted("id")
        for step in steps:
            step._retry()
        return self._get_retry_notification(steps)

    def _retry(self):
        """Retry one step, and store the new result."""
        self.ensure_one()
        if not self.try_lock_for_update():
            raise UserError(
                self.env._(
                    "“%(step)s” is being tried again at this moment. Wait a little and "
                    "look at the log.",
                    step=self.name,
                )
            )
        row = self._prepare_row(self.history_id).with_context(lifecycle_chain=1)
        steps = self.with_env(row.env)
        playbook_step = steps._find_playbook_step()
        vals = {
            "state": "skipped",
            "reason": self.env._("The playbook has no such step any more."),
        }
        if playbook_step:
            vals = steps._attempt_step(row, playbook_step)
        self.write(
            {
                "reason": False,
                **vals,
                "date": fields.Datetime.now(),
                "retry_user_id": self.env.uid,
            }
        )

    def _find_playbook_step(self):
        """Return the `PlaybookStep` of this row, None if it no longer exists."""
        if self.kind == "follow_up":
            return self._get_follow_up_step(self.history_id)._replace(key=self.key)
        row = self.history_id.with_env(self.env)
        for step in self._get_steps(row):
            if step.key == self.key:
                return step
        return None

    def _get_retry_notification(self, steps):
        """Return the action that shows the result of the retry."""
        if not steps:
            return self._get_notification_action(
                "info", self.env._("Nothing to try again: this was done already.")
            )
        failed = steps.filtered(lambda step: step.state == "failed")
        skipped = steps.filtered(lambda step: step.state == "skipped")
        if failed:
            return self._get_notification_action(
                "danger",
                self.env._(
                    "%(count)s failed again: %(reason)s",
                    count=len(failed),
                    reason=failed[0].reason,
                ),
            )
        if skipped:
            return self._get_notification_action(
                "warning",
                self.env._(
                    "%(count)s skipped: %(reason)s",
                    count=len(skipped),
                    reason=skipped[0].reason,
                ),
            )
        return self._get_notification_action(
            "success", self.env._("Done: %(count)s", count=len(steps))
        )

    @api.model
    def _get_notification_action(self, kind, message):
        """Return the action that shows a notification and reloads the view."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # ------------------------------------------------------------
    # Counting and showing
    # ------------------------------------------------------------

    @api.model
    def _count_failed(self, records, name):
        """Set ``failed_step_count`` of records that steps refer to by a field."""
        counts = {}
        if is_readable(self):
            counts = dict(
                self._read_group(
                    [(name, "in", records.ids), ("state", "=", "failed")],
                    [name],
                    ["__count"],
                )
            )
        for record in records:
            record.failed_step_count = counts.get(record._origin, 0)

    @api.model
    def _open_failed(self, domain):
        """Return the action that shows the failed steps in a domain."""
        action = self.env["ir.actions.actions"]._for_xml_id(
            "crm_lifecycle.crm_lifecycle_playbook_log_action"
        )
        context = ast.literal_eval(action["context"] or "{}")
        return {
            **action,
            "domain": domain,
            "context": {**context, "search_default_failed": 1},
        }
