"""A worker of the playbook that is killed at each of its commits.

The worker runs in a process of its own, on committed rows, and is killed by SIGKILL
right before or right after a commit. A second worker takes over. In each case, each
step has been done once.
"""

from datetime import date, timedelta

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.tests import tagged

from .killed import KillCase

TODAY = date(2026, 3, 2)
UNDONE = """
    UPDATE crm_lifecycle_history SET processed_at = NULL WHERE id = ANY(%(rows)s)
"""


@tagged("post_install", "-at_install")
class TestPlaybookKill(KillCase):
    """The rows are committed, so the test itself deletes them.

    Ann enters a stage with all kinds of steps; Cid has left it before the worker runs;
    Cid and Dot are due for a follow-up.
    """

    job = "crm_lifecycle.ir_cron_playbook"

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            # Fill the caches that the workers inherit.
            step = api.Environment(cr, SUPERUSER_ID, {})["crm.lifecycle.playbook.log"]
            step._process_move(self.row_ids[0])
            step._follow_up(self.profile_ids[-1])
            cr.rollback()

    def _build(self, env):
        self.company_id = env.ref("base.main_company").id
        self.made = []
        admin = env.ref("base.user_admin")
        self.cron_ids = [
            env.ref(f"crm_lifecycle.ir_cron_{name}").id for name in ("run", "playbook")
        ]
        model_id = env["ir.model"]._get_id("crm.lifecycle.profile")
        count = {
            "model_id": model_id,
            "state": "code",
            "code": "record.write({'color': record.color + 1})",
        }
        enter, leave = self._make(
            env["ir.actions.server"],
            [{"name": "Kill: in", **count}, {"name": "Kill: out", **count}],
        )
        template = self._make(
            env["mail.template"],
            [{"name": "Kill: welcome", "model_id": model_id, "subject": "Welcome"}],
        )
        plan = self._make(
            env["mail.activity.plan"],
            [
                {
                    "name": "Kill: call",
                    "res_model": "crm.lifecycle.profile",
                    "template_ids": [
                        Command.create(
                            {
                                "summary": "Call",
                                "responsible_type": "other",
                                "responsible_id": admin.id,
                            }
                        )
                    ],
                }
            ],
        )
        lifecycle = env["crm.lifecycle"].create(
            {
                "name": "Kill",
                "company_id": self.company_id,
                "sequence": -1,
                "stage_ids": [
                    Command.create({"name": code, "code": code, "sequence": sequence})
                    for sequence, code in enumerate("abc")
                ],
            }
        )
        self.lifecycle_id = lifecycle.id
        first, second, third = lifecycle.stage_ids
        first.exit_action_ids = leave
        second.write(
            {
                "enter_action_ids": enter.ids,
                "activity_plan_id": plan.id,
                "mail_template_id": template.id,
            }
        )
        third.write(
            {
                "follow_up_days": 3,
                "follow_up_since": TODAY,
                "follow_up_responsible": "other",
                "follow_up_user_id": admin.id,
            }
        )
        lifecycle.write({"state": "active", "activation_date": "2026-01-01"})
        partners = self._make(
            env["res.partner"],
            [
                {"name": f"Kill {name}", "email": f"{name}@example.com"}
                for name in ("ann", "cid", "dot")
            ],
        )
        profiles = env["crm.lifecycle.profile"].create(
            [{"partner_id": partner.id} for partner in partners]
        )
        self.profile_ids = profiles.ids
        ann, cid, dot = profiles
        # The history rows of the creation are not part of the scenario.
        env["crm.lifecycle.history"].search(
            [("processed_at", "=", False)]
        )._set_processed()
        day = {"origin": "rule", "as_of": TODAY}
        dot._lifecycle_move(third, **day)
        env["crm.lifecycle.history"].search(
            [("processed_at", "=", False)]
        )._set_processed()
        (ann | cid)._lifecycle_move(second, **day)
        cid._lifecycle_move(third, **day)
        self.row_ids = (
            env["crm.lifecycle.history"].search([("processed_at", "=", False)]).ids
        )
        self.run_id = (
            env["crm.lifecycle.run"]
            .create(
                {
                    "company_id": self.company_id,
                    "as_of": TODAY + timedelta(days=3),
                    "kind": "changes",
                    "state": "done",
                }
            )
            .id
        )

    def _make(self, model, vals_list):
        """Create records that are deleted in the end."""
        records = model.create(vals_list)
        self.made.append((model._name, records.ids))
        return records

    def _clean_up(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            self._forget_work(cr)
            env["crm.lifecycle.profile"].browse(self.profile_ids).unlink()
            cr.execute(
                "DELETE FROM crm_lifecycle_history WHERE lifecycle_id = %s",
                [self.lifecycle_id],
            )
            cr.execute("DELETE FROM crm_lifecycle_run WHERE id = %s", [self.run_id])
            env.invalidate_all()
            env["crm.lifecycle"].browse(self.lifecycle_id).unlink()
            for model, ids in reversed(self.made):
                env[model].browse(ids).unlink()
            cr.execute(
                "DELETE FROM crm_lifecycle_pending WHERE company_id = %s",
                [self.company_id],
            )

    def _forget_work(self, cr):
        """Undo the work of the workers."""
        mine = "model = 'crm.lifecycle.profile' AND res_id = ANY(%(profiles)s)"
        messages = f"SELECT id FROM mail_message WHERE {mine}"
        for statement in (
            (
                "DELETE FROM crm_lifecycle_playbook_log "
                "WHERE profile_id = ANY(%(profiles)s)"
            ),
            f"DELETE FROM mail_activity WHERE res_{mine}",
            f"DELETE FROM mail_mail WHERE mail_message_id IN ({messages})",
            f"DELETE FROM mail_message WHERE {mine}",
            "UPDATE crm_lifecycle_profile SET color = 0 WHERE id = ANY(%(profiles)s)",
            UNDONE,
            "UPDATE crm_lifecycle_run SET followed_up_at = NULL WHERE id = %(run)s",
            "DELETE FROM ir_cron_trigger WHERE cron_id = ANY(%(crons)s)",
        ):
            cr.execute(
                statement,
                {
                    "profiles": self.profile_ids,
                    "rows": self.row_ids,
                    "run": self.run_id,
                    "crons": self.cron_ids,
                },
            )

    # ------------------------------------------------------------
    # The scenario
    # ------------------------------------------------------------

    def _read(self):
        """Return everything that the workers have left, and the remaining work."""
        ids = self.profile_ids
        return {
            "steps": self._query(
                "SELECT p.rank, t.kind, t.state FROM crm_lifecycle_playbook_log AS t "
                "JOIN unnest(%s) WITH ORDINALITY AS p (id, rank) "
                "ON p.id = t.profile_id ORDER BY p.rank, t.id",
                ids,
            ),
            "activities": self._query(
                "SELECT res_id, summary FROM mail_activity WHERE active "
                "AND res_model = 'crm.lifecycle.profile' AND res_id = ANY(%s) "
                "ORDER BY res_id, summary",
                ids,
            ),
            "mails": self._query(
                "SELECT m.res_id, COUNT(*) FROM mail_mail AS mail "
                "JOIN mail_message AS m ON m.id = mail.mail_message_id "
                "WHERE m.model = 'crm.lifecycle.profile' AND m.res_id = ANY(%s) "
                "AND mail.is_notification IS NOT TRUE GROUP BY m.res_id ORDER BY 1",
                ids,
            ),
            "effects": self._query(
                "SELECT id, COALESCE(color, 0) FROM crm_lifecycle_profile "
                "WHERE id = ANY(%s) ORDER BY id",
                ids,
            ),
            "waiting": self._query(
                "SELECT id FROM crm_lifecycle_history "
                "WHERE id = ANY(%s) AND processed_at IS NULL",
                self.row_ids,
            ),
        }

    def test_each_step_happens_once_whenever_the_worker_dies(self):
        expected, commits = self._work_undisturbed()
        # One commit for each of three moves and two follow-ups, and those of the job.
        self.assertGreaterEqual(commits, 7)
        self.assertLess(commits, 30)
        self._check_story(expected)
        self._kill_at_each_commit(expected, commits)

    def _check_story(self, found):
        ann, cid, dot = self.profile_ids
        kinds = ["exit", "enter", "plan", "mail"]
        self.assertEqual(
            found["steps"],
            [
                *((1, kind, "done") for kind in kinds),
                *((2, kind, "skipped" if kind != "exit" else "done") for kind in kinds),
                (2, "follow_up", "done"),
                (3, "follow_up", "done"),
            ],
        )
        follow_up = "Follow up: no contact yet"
        self.assertEqual(
            found["activities"],
            [(ann, "Call"), (cid, follow_up), (dot, follow_up)],
        )
        self.assertEqual(found["mails"], [(ann, 1)])
        self.assertEqual(found["effects"], [(ann, 2), (cid, 1), (dot, 0)])
        self.assertFalse(found["waiting"])
