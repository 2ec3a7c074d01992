import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from unittest.mock import patch

import requests

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_lifecycle.tests.common import LifecycleCase

from ..models import crm_lifecycle_playbook_log as webhooks

POST = (
    "odoo.addons.crm_lifecycle_webhook.models.crm_lifecycle_playbook_log.requests.post"
)
PLAYBOOK = "crm_lifecycle.ir_cron_playbook"
SENDING = "crm_lifecycle_webhook.ir_cron_webhook"


class Receiver(BaseHTTPRequestHandler):
    """An external system: stores requests, and answers as configured."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((json.loads(body), dict(self.headers)))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def do_GET(self):
        self.server.got.append("redirected")
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        """Log nothing."""


@tagged("post_install", "-at_install")
class TestWebhook(LifecycleCase):
    """An external system receives every move, at most once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = HTTPServer(("127.0.0.1", 0), Receiver)
        cls.server.got, cls.server.answers = [], []
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)
        cls.url = f"http://127.0.0.1:{cls.server.server_port}/moves"
        cls.profile = cls._customer("Ada")
        cls.action = cls._webhook("Tell the shop")
        cls.lifecycle.move_action_ids = cls.action

    def setUp(self):
        super().setUp()
        self.server.got.clear()
        self.server.answers.clear()

    @classmethod
    def _webhook(cls, name, model="crm.lifecycle.profile", fields=("stage_date",)):
        model = cls.env["ir.model"]._get(model)
        return cls.env["ir.actions.server"].create(
            {
                "name": name,
                "model_id": model.id,
                "state": "webhook",
                "webhook_url": cls.url,
                "webhook_field_ids": [
                    Command.link(cls.env["ir.model.fields"]._get(model.model, field).id)
                    for field in fields
                ],
            }
        )

    def _move(self, stage=None, profile=None):
        profile = profile or self.profile
        profile.with_user(self.salesperson).write(
            {"stage_id": (stage or self.engaged).id}
        )
        return profile.history_ids.sorted("id")[-1]

    def _work(self, *crons):
        for cron in crons or (PLAYBOOK, SENDING):
            self.env.flush_all()
            with self.enter_registry_test_mode():
                self.env.ref(cron).method_direct_trigger()
            self.env.invalidate_all()

    def _step(self, row):
        step = row.playbook_log_ids.filtered(lambda item: item.kind == "webhook")
        return step.ensure_one()

    def test_a_move_by_a_salesperson_is_sent_once(self):
        row = self._move()
        self._work()
        self._work()
        [(payload, headers)] = self.server.got
        self.assertEqual(payload["_model"], "crm.lifecycle.profile")
        self.assertEqual(payload["_id"], self.profile.id)
        self.assertEqual(payload["stage_date"], str(self.profile.stage_date))
        move = payload["_move"]
        self.assertEqual(move["id"], row.id)
        self.assertEqual((move["from"], move["to"]), ("prospect", "engaged"))
        self.assertEqual(move["partner_id"], self.profile.partner_id.id)
        self.assertEqual(move["user_id"], self.salesperson.id)
        self.assertEqual(move["customer"], "Ada")
        self.assertTrue(
            headers["Idempotency-Key"].endswith(f":{row.id}:webhook:{self.action.id}")
        )
        step = self._step(row)
        self.assertEqual((step.state, step.reason), ("done", False))
        self.assertTrue(row.processed_at)

    def test_a_move_by_a_rule_is_sent(self):
        self._rule(self.engaged, [("open_lead_count", ">", 0)])
        self._run(full=True)
        self._work()
        [(payload, _headers)] = self.server.got
        self.assertEqual(payload["_move"]["origin"], "rule")
        self.assertIn("to Engaged", payload["_move"]["reason"])

    def test_moves_are_sent_in_their_order(self):
        for stage in (self.engaged, self.customer, self.lost):
            self._move(stage)
        self._work()
        self.assertEqual(
            [payload["_move"]["to"] for payload, _headers in self.server.got],
            ["engaged", "customer", "lost"],
        )

    def test_what_is_sent_is_what_was_when_the_move_was_worked_off(self):
        self._move()
        self._work(PLAYBOOK)
        self._move(self.lost)
        self._work(SENDING)
        [(payload, _headers)] = self.server.got
        self.assertEqual(payload["_move"]["to"], "engaged")

    def test_a_webhook_about_the_history_sends_the_move_itself(self):
        self.lifecycle.move_action_ids = self._webhook(
            "Moves", "crm.lifecycle.history", ("origin", "days_in_from_stage")
        )
        row = self._move()
        self._work()
        [(payload, _headers)] = self.server.got
        self.assertEqual(payload["_id"], row.id)
        self.assertEqual(payload["origin"], "manual")

    def test_quiet_moves_are_not_sent(self):
        for origin in ("import", "replay"):
            self.profile._lifecycle_move(self.engaged, origin=origin)
            self.profile._lifecycle_move(self.lost, origin="rule", quiet=True)
        self._work()
        self.assertFalse(self.server.got)
        self.assertTrue(all(self.profile.history_ids.mapped("processed_at")))

    def test_a_lifecycle_without_webhooks_leaves_nothing_to_do(self):
        self.lifecycle.move_action_ids = False
        self.assertTrue(self._move().processed_at)

    def test_a_refusal_is_told_and_not_sent_again(self):
        self.server.answers[:] = [503]
        row = self._move()
        self._work()
        self._work()
        self.assertEqual(len(self.server.got), 1)
        step = self._step(row)
        self.assertEqual(step.state, "failed")
        self.assertIn("503", step.reason)

    def test_a_redirection_is_not_followed(self):
        self.server.answers[:] = [302]
        row = self._move()
        self._work()
        self.assertEqual(len(self.server.got), 1)
        self.assertEqual(self._step(row).state, "failed")

    def test_no_answer_in_time_says_that_it_may_have_arrived(self):
        row = self._move()
        with patch(POST, side_effect=requests.exceptions.ReadTimeout) as post:
            self._work()
            self._work()
        self.assertEqual(post.call_count, 1)
        self.assertEqual(post.call_args.kwargs["timeout"], webhooks.TIMEOUT)
        self.assertIn("may have arrived", self._step(row).reason)

    def test_a_system_that_is_away_gets_the_rest_when_it_is_back(self):
        rows = [
            self._move(stage)
            for stage in (self.engaged, self.customer, self.risk, self.lost)
        ]
        with patch(POST, side_effect=requests.exceptions.ConnectionError) as post:
            self._work()
            self.assertEqual(post.call_count, webhooks.PATIENCE)
        states = [self._step(row).state for row in rows]
        self.assertEqual(states, ["failed", "failed", "failed", "waiting"])
        self._work(SENDING)
        self.assertEqual(self._step(rows[-1]).state, "done")
        self.assertEqual(len(self.server.got), 1)

    def test_a_system_that_is_away_holds_up_no_other(self):
        other = self._webhook("Other")
        other.webhook_url = "http://127.0.0.1:1/"
        self.lifecycle.move_action_ids = self.action | other
        rows = [
            self._move(stage)
            for stage in (self.engaged, self.customer, self.risk, self.lost)
        ]
        self._work()
        self.assertEqual(len(self.server.got), 4)
        failed = [
            step.state
            for row in rows
            for step in row.playbook_log_ids
            if step.webhook_id == other
        ]
        self.assertEqual(failed, ["failed", "failed", "failed", "waiting"])

    def test_a_process_that_dies_while_sending_does_not_send_again(self):
        """The attempt is recorded and committed before anything is sent."""

        class Killed(BaseException):
            pass

        row = self._move()
        self._work(PLAYBOOK)
        self.env.flush_all()
        seen = []

        def die(*args, **kwargs):
            seen.append(1)
            raise Killed

        with (
            self.enter_registry_test_mode(),
            patch(POST, side_effect=die),
            contextlib.suppress(Killed),
        ):
            self.env.ref(SENDING).method_direct_trigger()
        self.env.invalidate_all()
        self.assertTrue(seen)
        step = self._step(row)
        self.assertEqual(step.state, "failed")
        self.assertIn("nobody knows whether it arrived", step.reason)
        self._work(SENDING)
        self.assertFalse(self.server.got)

    def test_a_webhook_that_is_gone_is_told(self):
        row = self._move()
        self._work(PLAYBOOK)
        self.action.unlink()
        self._work(SENDING)
        self.assertEqual(self._step(row).state, "failed")
        self.assertIn("is gone", self._step(row).reason)

    def test_a_customer_who_is_gone_is_skipped(self):
        row = self._move()
        self.profile.unlink()
        with mute_logger(
            "odoo.addons.crm_lifecycle.models.crm_lifecycle_playbook_log_worker"
        ):
            self._work()
        self.assertEqual(self._step(row).state, "skipped")

    def test_an_erased_step_has_no_payload_and_is_not_sent(self):
        sent = self._step(self._move_and_work())
        waiting = self._step(self._move_and_work(PLAYBOOK, stage=self.lost))
        self.server.got.clear()
        (sent | waiting)._erase_text()
        self._work(SENDING)
        self.assertRecordValues(
            sent | waiting,
            [
                {"state": "done", "payload": False},
                {"state": "skipped", "payload": False},
            ],
        )
        self.assertFalse(self.server.got)

    def _move_and_work(self, *crons, stage=None):
        row = self._move(stage)
        self._work(*crons)
        return row

    def test_only_webhooks_about_customers_and_moves(self):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Code",
                "model_id": self.env["ir.model"]._get_id("crm.lifecycle.profile"),
                "state": "code",
            }
        )
        with self.assertRaisesRegex(ValidationError, "“Code” is no webhook"):
            self.lifecycle.move_action_ids = action
        with self.assertRaisesRegex(ValidationError, "“Partners” is no webhook"):
            self.lifecycle.move_action_ids = self._webhook(
                "Partners", "res.partner", ("name",)
            )

    def test_a_copy_of_the_lifecycle_tells_nobody(self):
        copy = self.lifecycle.with_user(self.manager).copy()
        self.assertFalse(copy.sudo().move_action_ids)
