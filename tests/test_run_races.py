"""A run while other users change the same customers and lifecycles.

Real transactions, as in `test_two_workers`. For any change at any point of the run, the
rows are those of one of the two orders, or the change is refused with a message. Three
rounds of each in CI; 100 if the environment variable ``THOROUGH`` is 1.
"""

import threading
from datetime import date
from unittest.mock import patch

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from odoo.addons.crm_lifecycle import locks
from odoo.addons.crm_lifecycle.locks import RunUnderWay
from odoo.addons.crm_lifecycle.run import evaluate, moves, phases, refresh, review, tags

from tests.thorough import rounds

from .killed import Committed

TODAY = date(2026, 3, 2)
CUSTOMERS = 6
# Small, so that a batch is some of the customers.
SMALL = (
    (moves, "ORM_BATCH", 4),
    (moves, "QUIET_BATCH", 4),
    (review, "BATCH", 4),
    (tags, "BATCH", 4),
)
# The batches of a run: each has read and not yet written when the change is made.
BATCHES = (
    (tags, "write_tags"),
    (moves, "move_rows"),
    (refresh, "refresh_batch"),
    (review, "write_next_review"),
    (phases, "collect_batch"),
    (evaluate, "list_due"),
    ("crm.lifecycle.run", "_note_end"),
)
LOGS = ("odoo.sql_db", "odoo.addons.crm_lifecycle.run.session")


@tagged("post_install", "-at_install")
class TestRunRaces(BaseCase):
    """Customers with an open lead go from “a” to “b” and “c”, and carry a tag."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        for module, name, value in SMALL:
            patcher = patch.object(module, name, value)
            patcher.start()
            self.addCleanup(patcher.stop)
        with self._env() as env:
            self.company_id = env["res.company"].create({"name": "Races"}).id
            self.lifecycle_ids = [self._make_lifecycle(env, name).id for name in "xy"]
        self.addCleanup(self._clean_up)

    def _make_lifecycle(self, env, name):
        lifecycle = env["crm.lifecycle"].create(
            {
                "name": f"Races {name}",
                "company_id": self.company_id,
                "sequence": -2 if name == "x" else -1,
                "stage_ids": [
                    Command.create({"name": code, "code": code, "sequence": sequence})
                    for sequence, code in enumerate("abcd")
                ],
                "tag_ids": [
                    Command.create(
                        {
                            "name": "t",
                            "code": "t",
                            "domain": "[('open_lead_count', '>', 0)]",
                        }
                    )
                ],
            }
        )
        first, second, third, _unused = lifecycle.stage_ids
        lifecycle.rule_ids = [
            Command.create(
                {
                    "name": f"to {after.code}",
                    "from_stage_ids": [Command.set(before.ids)],
                    "to_stage_id": after.id,
                    "domain": "[('open_lead_count', '>', 0)]",
                }
            )
            for before, after in ((first, second), (second, third))
        ]
        return lifecycle

    def _env(self):
        return Committed(self.registry)

    def _build(self):
        """Start a round from scratch: customers before their first run."""
        with self._env() as env:
            self._forget(env)
            x, y = env["crm.lifecycle"].browse(self.lifecycle_ids)
            (x | y).write({"state": "draft", "activation_date": "2026-01-01"})
            if not x.stage_ids.filtered(lambda stage: stage.code == "e"):
                x.stage_ids = [
                    Command.create({"name": "e", "code": "e", "sequence": 9})
                ]
            x.state = "active"
            partners = env["res.partner"].create(
                [
                    {"name": f"Races {index}", "company_id": self.company_id}
                    for index in range(CUSTOMERS)
                ]
            )
            leads = env["crm.lead"].create(
                [
                    {
                        "name": partner.name,
                        "type": "opportunity",
                        "partner_id": partner.id,
                        "company_id": self.company_id,
                        "user_id": False,
                    }
                    for partner in partners
                ]
            )
            env.flush_all()
            env.cr.execute(
                "UPDATE crm_lead SET create_date = '2026-03-01' WHERE id = ANY(%s)",
                [leads.ids],
            )
            self.partner_ids = partners.ids

    def _forget(self, env):
        mine = [("company_id", "=", self.company_id)]
        for name in ("crm.lead", "res.partner"):
            env[name].with_context(active_test=False).search(
                [*mine, ("name", "=like", "Races %")]
            ).unlink()
        env.flush_all()
        for table in ("history", "profile", "run", "pending"):
            env.cr.execute(
                f"DELETE FROM crm_lifecycle_{table} WHERE company_id = %s",
                [self.company_id],
            )
        env.invalidate_all()

    def _clean_up(self):
        with self._env() as env:
            self._forget(env)
            lifecycles = env["crm.lifecycle"].browse(self.lifecycle_ids).exists()
            lifecycles.unlink()
            env["res.company"].browse(self.company_id).unlink()

    def _run(self, **kwargs):
        """Run the company, in a transaction for each batch."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            company = env["res.company"].browse(self.company_id)
            run = env["crm.lifecycle"]._run(
                company, TODAY, checkpoint=lambda done, remaining: cr.commit(), **kwargs
            )
            return run.id

    def _read(self):
        """Return all rows of the customers, by name."""
        found = []
        for query in (
            (
                "SELECT COALESCE(c.name, l.name), s.code, s.lifecycle_id, p.stage_date,"
                " p.open_lead_count, p.review_date, p.active, COUNT(r.tag_id)"
                " FROM crm_lifecycle_profile AS p"
                " LEFT JOIN res_partner AS c ON c.id = p.partner_id"
                " LEFT JOIN crm_lead AS l ON l.id = p.lead_id"
                " LEFT JOIN crm_lifecycle_stage AS s ON s.id = p.stage_id"
                " LEFT JOIN crm_lifecycle_profile_tag_rel AS r ON r.profile_id = p.id"
                " WHERE p.company_id = %s GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1"
            ),
            (
                "SELECT COALESCE(c.name, l.name, ''), a.code, b.code, h.origin, h.date,"
                " h.is_quiet"
                " FROM crm_lifecycle_history AS h"
                " LEFT JOIN res_partner AS c ON c.id = h.partner_id"
                " LEFT JOIN crm_lead AS l ON l.id = h.lead_id"
                " LEFT JOIN crm_lifecycle_stage AS a ON a.id = h.from_stage_id"
                " LEFT JOIN crm_lifecycle_stage AS b ON b.id = h.to_stage_id"
                " WHERE h.company_id = %s ORDER BY 1, 2, 3, 4, 5, 6"
            ),
            "SELECT COUNT(*) FROM crm_lifecycle_pending WHERE company_id = %s",
        ):
            with self.registry.cursor() as cr:
                cr.execute(query, [self.company_id])
                found.append(cr.fetchall())
        return found

    def _change(self, change):
        """Make a change as a request does: retry after a conflict."""
        with self._env() as env:
            change(env)

    # ------------------------------------------------------------
    # One after the other
    # ------------------------------------------------------------

    def _one_after_the_other(self, change):
        """Return the rows after change and run in both orders, after one more run."""
        orders = []
        for steps in ((change, self._run), (self._run, change)):
            self._build()
            for step in steps:
                if step is change:
                    self._change(change)
                else:
                    step()
            self._run()
            orders.append(self._read())
        return orders

    def _meanwhile(self, change, batch, number):
        """Run, with the change made within one batch; return whether it was refused.

        :param batch: the function or method that has started, with its snapshot of
            the database: its module, or the name of its model, and its name
        :param number: which of its calls
        """
        place, name = batch
        if isinstance(place, str):
            place = self.registry[place]
        original = getattr(place, name)
        calls, refused = [], []

        def come_between(work, *args, **kwargs):
            calls.append(batch)
            if len(calls) == number:
                work.env.cr.execute("SELECT")
                try:
                    self._change(change)
                except RunUnderWay as error:
                    refused.append(str(error))
            return original(work, *args, **kwargs)

        with patch.object(place, name, come_between):
            self._run()
        return calls, refused

    def _race(self, change, *, is_refused=False, digest=lambda rows: rows):
        """Make the change at any point of a run.

        :param is_refused: whether the change must be refused during the run; it is
            then made again after the run
        :param digest: function that returns the part of the rows to compare, all by
            default
        """
        expected = [digest(rows) for rows in self._one_after_the_other(change)]
        for number in range(rounds(3, 100)):
            batch = BATCHES[number % len(BATCHES)]
            with self.subTest(batch=batch[1], round=number), mute_logger(*LOGS):
                self._build()
                which = number // len(BATCHES) % 2 + 1
                calls, refused = self._meanwhile(change, batch, which)
                self.assertEqual(bool(refused), is_refused and len(calls) >= which)
                if refused:
                    self.assertIn("A run of Races", refused[0])
                if refused or len(calls) < which:
                    self._change(change)
                self._run()
                self.assertIn(digest(self._read()), expected)

    # ------------------------------------------------------------
    # Races
    # ------------------------------------------------------------

    def test_contacts_are_merged_in_mid_run(self):
        def merge(env):
            kept = env["res.partner"].browse(self.partner_ids[1])
            env["base.partner.merge.automatic.wizard"].create({})._merge(
                self.partner_ids[1:4], kept
            )

        def digest(rows):
            """The stage of merged customers depends on the progress of the run."""
            profiles, moves, waiting = rows
            own = {move[:4] for move in moves if move[0] == "Races 1"}
            others = [move for move in moves if move[0] != "Races 1"]
            return profiles, {m for m in own if m[3] != "merge"}, others, waiting

        self._race(merge, digest=digest)

    def test_a_contact_is_deleted_in_mid_run(self):
        def delete(env):
            partner = env["res.partner"].browse(self.partner_ids[2])
            env["crm.lead"].search([("partner_id", "=", partner.id)]).unlink()
            partner.unlink()

        def digest(rows):
            """The stage of a deleted customer depends on the progress of the run."""
            profiles, moves, waiting = rows
            return profiles, [move for move in moves if move[0]], waiting

        self._race(delete, digest=digest)

    def test_a_customer_is_moved_by_hand_in_mid_run(self):
        def move(env):
            profile = env["crm.lifecycle.profile"].search(
                [("partner_id", "=", self.partner_ids[3])]
            )
            stage = env["crm.lifecycle.stage"].search(
                [("lifecycle_id", "=", self.lifecycle_ids[0]), ("code", "=", "d")]
            )
            if not profile:  # the run has not created the profile yet
                profile = profile.create(
                    {
                        "partner_id": self.partner_ids[3],
                        "company_id": self.company_id,
                    }
                )
            profile.write({"stage_id": stage.id})

        def digest(rows):
            """The moves before the stage depend on the progress of the run."""
            profiles, moves, waiting = rows
            others = [move for move in moves if move[0] != "Races 3"]
            return profiles, others, waiting

        self._race(move, digest=digest)

    def test_a_stage_is_removed_in_mid_run(self):
        def remove(env):
            env["crm.lifecycle.stage"].search(
                [("lifecycle_id", "=", self.lifecycle_ids[0]), ("code", "=", "e")]
            ).unlink()

        self._race(remove, is_refused=True)

    def test_a_lifecycle_is_archived_in_mid_run(self):
        def archive(env):
            env["crm.lifecycle"].browse(self.lifecycle_ids[0]).action_archive()

        self._race(archive, is_refused=True)

    def test_another_lifecycle_is_switched_to_in_mid_run(self):
        def switch(env):
            x, y = env["crm.lifecycle"].browse(self.lifecycle_ids)
            x.action_archive()
            y.write({"state": "active", "activation_date": "2026-01-01"})

        self._race(switch, is_refused=True)

    def test_two_full_runs_at_once(self):
        self._build()
        self._run()
        expected = self._read()
        for number in range(rounds(3, 100)):
            with self.subTest(round=number):
                self._build()
                barrier, errors, refused = threading.Barrier(2), [], []

                def work(barrier=barrier, errors=errors, refused=refused):
                    try:
                        barrier.wait()
                        self._run(full=True)
                    except RunUnderWay as error:
                        refused.append(str(error))
                    except Exception as error:  # noqa: BLE001  asserted below
                        errors.append(error)

                workers = [threading.Thread(target=work) for _worker in range(2)]
                for worker in workers:
                    worker.start()
                for worker in workers:
                    worker.join()
                self.assertFalse(errors)
                self.assertLess(len(refused), 2)
                self.assertEqual(self._read(), expected)

    def test_a_second_run_is_refused_in_words(self):
        self._build()
        with self.registry.cursor() as cr, patch.object(locks, "CHECK_MS", 100):
            locks.try_lock(cr, locks.RUN, self.company_id)
            with self.assertRaisesRegex(RunUnderWay, "A run of Races has just begun"):
                self._run()
            locks.unlock(cr, locks.RUN, self.company_id)
        self._run()
