"""Telling other systems of every move: webhooks of a lifecycle.

A webhook is a step of the playbook of its own kind. The worker of the playbook writes
down what is to be sent, and a job of its own sends it, so that a system that answers
slowly, or not at all, holds up nothing else. Each webhook is sent at most once for a
move: before it is sent, that is committed, and where the process dies meanwhile nobody
knows whether it arrived, which is what the step then says.
"""

import json
import logging
from collections import Counter

import requests

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.models.crm_lifecycle_step import PlaybookStep

_logger = logging.getLogger(__name__)

# Webhooks sent in one call; the scheduler calls again while more are waiting.
BATCH = 500
# Seconds to wait for the answer.
TIMEOUT = 10
# After so many in a row that it did not take, a system is left alone until next time.
PATIENCE = 3


class CrmLifecycleStep(models.Model):
    _inherit = "crm.lifecycle.step"

    kind = fields.Selection(
        selection_add=[("webhook", "Webhook")], ondelete={"webhook": "cascade"}
    )
    state = fields.Selection(
        selection_add=[("waiting", "Waiting")], ondelete={"waiting": "cascade"}
    )
    webhook_id = fields.Many2one(
        comodel_name="ir.actions.server",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        groups="base.group_system",
    )
    payload = fields.Text(
        readonly=True, groups="base.group_system", help="What is sent, as JSON."
    )

    _waiting_idx = models.Index("(id) WHERE state = 'waiting'")

    # ------------------------------------------------------------
    # Steps of a move
    # ------------------------------------------------------------

    @api.model
    def _get_processed_at_sql(self, stage, left, now):
        return SQL(
            """
            CASE WHEN EXISTS (
                SELECT FROM crm_lifecycle_move_action_rel
                 WHERE lifecycle_id = %s
            ) THEN NULL::timestamp ELSE %s END
            """,
            stage.lifecycle_id.id,
            super()._get_processed_at_sql(stage, left, now),
        )

    @api.model
    def _get_steps(self, row):
        return super()._get_steps(row) + [
            PlaybookStep("webhook", f"webhook:{action.id}", action, action.name)
            for action in row.to_stage_id.lifecycle_id.move_action_ids
        ]

    @api.model
    def _check_step(self, row, step):
        if step.kind == "webhook" and row.profile_id:
            return None  # other systems get each move, whatever happened since
        return super()._check_step(row, step)

    @api.model
    def _perform_webhook(self, row, action):
        """Write down what is to be sent; `_cron_send` sends it."""
        cron = self.env.ref(
            "crm_lifecycle_webhook.ir_cron_webhook", raise_if_not_found=False
        )
        if cron:
            cron._trigger()
        return {
            "state": "waiting",
            "webhook_id": action.id,
            "payload": json.dumps(
                self._get_payload(row, action), sort_keys=True, default=str
            ),
        }

    @api.model
    def _get_payload(self, row, action):
        """Extension point: return what a webhook tells of a move.

        Odoo's own webhook sends the same, less the move.
        """
        record = row if action.model_name == row._name else row.profile_id
        values = {"_model": record._name, "_id": record.id}
        values["_action"] = f"{action.name}(#{action.id})"
        names = action.webhook_field_ids.mapped("name")
        if names:
            values |= record.read(names, load=None)[0]
        values["_move"] = {
            "id": row.id,
            "date": row.date,
            "origin": row.origin,
            "reason": row.explanation,
            "company_id": row.company_id.id,
            "partner_id": row.partner_id.id or None,
            "lead_id": row.lead_id.id or None,
            "customer": row.profile_id.display_name,
            "lifecycle": row.lifecycle_id.name,
            "from": row.from_stage_id.code or None,
            "to": row.to_stage_id.code,
            "user_id": row.user_id.id or None,
        }
        return values

    # ------------------------------------------------------------
    # Sending
    # ------------------------------------------------------------

    @api.model
    def _cron_send(self):
        """Send what waits, in the order in which the moves were made.

        What a system that is away did not take yet waits until it is back.
        """
        cron = self.env["ir.cron"]
        steps = self.sudo()  # what the company tells other systems, nobody's own
        waiting = [("state", "=", "waiting"), ("kind", "=", "webhook")]
        found = steps.search(waiting, order="id", limit=BATCH)
        cron._commit_progress(remaining=steps.search_count(waiting))
        missed = Counter()
        for step in found:
            user, company = step.profile_id.user_id, step.company_id
            step = step.with_context(lang=user.lang or company.partner_id.lang)
            url = step.webhook_id.webhook_url
            if missed[url] < PATIENCE and step._claim():
                cron._commit_progress()
                taken = step._deliver(url)
                missed[url] = 0 if taken else missed[url] + 1
            if not cron._commit_progress(1):
                return
        if any(count >= PATIENCE for count in missed.values()):
            # Calling again at once would not help.
            cron._commit_progress(remaining=0)

    def _claim(self):
        """Note that the webhook is being sent; return whether it is ours to send."""
        self.ensure_one()
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_step AS t
                   SET state = 'failed', reason = %s
                  FROM (SELECT id FROM crm_lifecycle_step
                         WHERE id = %s AND state = 'waiting'
                           FOR UPDATE SKIP LOCKED) AS mine
                 WHERE t.id = mine.id
                """,
                self.env._(
                    "The server stopped while this was being sent: nobody knows "
                    "whether it arrived."
                ),
                self.id,
            )
        )
        self.invalidate_recordset(["state", "reason"])
        return bool(self.env.cr.rowcount)

    def _deliver(self, url):
        """Send one webhook and note the answer; return whether it was taken.

        The row is locked meanwhile, so that nobody tries it again beside us.
        """
        self.ensure_one()
        if not self.try_lock_for_update():
            return True
        error = self._post(url)
        self.write(
            {
                "state": "failed" if error else "done",
                "reason": error,
                "date": fields.Datetime.now(),
            }
        )
        return not error

    def _post(self, url):
        """Post the payload; return why it was not taken, False where it was."""
        if not url:
            return self.env._("The webhook is gone, or has no address.")
        # Whoever gets the same move twice, after somebody tried again, can tell.
        database = self.env["ir.config_parameter"].get_param("database.uuid")
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": f"{database}:{self.history_id.id}:{self.key}",
        }
        try:
            answer = requests.post(
                url,
                data=self.payload.encode(),
                headers=headers,
                timeout=TIMEOUT,
                # A POST that is sent elsewhere arrives there without its content.
                allow_redirects=False,
            )
        except requests.exceptions.ReadTimeout:
            return self.env._(
                "No answer within %(seconds)s seconds: it may have arrived or not.",
                seconds=TIMEOUT,
            )
        except (requests.exceptions.RequestException, ValueError) as error:
            _logger.info("Webhook to %s failed: %s", url, error)
            return self.env._(
                "Could not be sent: %(error)s", error=type(error).__name__
            )
        if answer.status_code >= 300:
            return self.env._(
                "The answer was %(status)s %(text)s.",
                status=answer.status_code,
                text=answer.reason or "",
            )
        return False

    # ------------------------------------------------------------
    # Erasure
    # ------------------------------------------------------------

    def _erase_text(self):
        """Erase the payloads too; webhooks that still wait are not sent."""
        waiting = self.filtered(lambda step: step.state == "waiting")
        waiting.write({"state": "skipped"})
        self.write({"payload": False})
        return super()._erase_text()
