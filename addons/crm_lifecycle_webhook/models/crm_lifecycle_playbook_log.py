"""Webhooks of a lifecycle, which notify other systems of every move.

A webhook is a playbook step of its own kind. The worker of the playbook stores the
payload, and a separate scheduled job sends it, so that a slow or unavailable system
delays nothing else. Each webhook is sent at most once for a move: the attempt is
committed before sending. If the process dies in between, it is unknown whether the
webhook has arrived, and the step says so.
"""

import json
import logging
from collections import Counter

import requests

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.models.crm_lifecycle_playbook_log import PlaybookStep

_logger = logging.getLogger(__name__)

# Webhooks per call; the scheduler calls again while more are pending.
BATCH = 500
# Timeout of a request, in seconds.
TIMEOUT = 10
# Consecutive failures after which a system is skipped until the next call.
PATIENCE = 3


class CrmLifecyclePlaybookLog(models.Model):
    _inherit = "crm.lifecycle.playbook.log"

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
        """Store the payload; `_cron_send` sends it."""
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
        """Extension point: return the payload of a webhook for a move.

        It is the payload of Odoo's own webhook, plus the move.
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
        """Send pending webhooks, in the order of their moves.

        Webhooks to an unavailable system stay pending until it is back.
        """
        cron = self.env["ir.cron"]
        steps = self.sudo()  # sudo: webhooks act for the company, not for a user
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
            # Retrying at once would not help.
            cron._commit_progress(remaining=0)

    def _claim(self):
        """Mark the webhook as being sent; return whether this process may send it."""
        self.ensure_one()
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_playbook_log AS t
                   SET state = 'failed', reason = %s
                  FROM (SELECT id FROM crm_lifecycle_playbook_log
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
        """Send one webhook and store the answer; return whether it was accepted.

        The row is locked meanwhile, so that no other process retries it.
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
        """Post the payload; return the reason of a failure, or False."""
        if not url:
            return self.env._("The webhook is gone, or has no address.")
        # Allows receivers to detect duplicates after a retry.
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
                # A redirected POST would arrive without its content.
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
