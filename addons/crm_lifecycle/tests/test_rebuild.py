"""A past that is brought in after the activation, and its undo."""

import hashlib
from datetime import date, datetime, time, timedelta

from dateutil.relativedelta import relativedelta

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TODAY, LifecycleCase

HISTORY = """
    SELECT c.ref, f.code, t.code, h.date, h.origin, r.name->>'en_US', h.reason,
           h.facts::text, h.days_in_from_stage, h.is_quiet, h.lifecycle_version,
           h.processed_at IS NULL, h.is_voided
      FROM crm_lifecycle_history AS h
      JOIN res_partner AS c ON c.id = h.partner_id
 LEFT JOIN crm_lifecycle_stage AS f ON f.id = h.from_stage_id
      JOIN crm_lifecycle_stage AS t ON t.id = h.to_stage_id
 LEFT JOIN crm_lifecycle_rule AS r ON r.id = h.rule_id
     WHERE h.company_id = %s"""
PROFILES = """
    SELECT c.ref, s.code, p.stage_date, p.date_last_stage_update, p.review_date,
           p.follow_up_date, p.lifecycle_id,
           ARRAY(SELECT t.code FROM crm_lifecycle_profile_tag_rel AS r
                   JOIN crm_lifecycle_tag AS t ON t.id = r.tag_id
                  WHERE r.profile_id = p.id ORDER BY 1)
      FROM crm_lifecycle_profile AS p
      JOIN res_partner AS c ON c.id = p.partner_id
 LEFT JOIN crm_lifecycle_stage AS s ON s.id = p.stage_id
     WHERE p.company_id = %s"""


class RebuildCase(LifecycleCase):
    """Customers of all stages; leads that were won or lost on days of the past."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = TODAY
        cls.classPatch(type(cls.company), "_lifecycle_today", lambda company: cls.today)
        cls._rule(cls.engaged, [("first_seen_date", "<=", "today -10d")], cls.prospect)
        cls._rule(cls.customer, [("won_count", ">", 0)], cls.engaged | cls.prospect)
        cls._rule(cls.risk, [("first_seen_date", "<=", "today -45d")], cls.engaged)
        cls.risk.follow_up_days = 5
        cls.env["crm.lifecycle.tag"].create(
            {
                "name": "Long",
                "code": "long",
                "lifecycle_id": cls.lifecycle.id,
                "domain": repr([("stage_date", "<=", "today -20d")]),
            }
        )

    def setUp(self):
        super().setUp()
        self.addCleanup(self._set_today, TODAY)

    def _set_today(self, day):
        type(self).today = day

    @classmethod
    def _make_customers(cls, count=14):
        partners = cls.env["res.partner"]
        for number in range(count):
            partner = cls._partner(f"P{number}", ref=f"P{number:03}")
            lead = cls._lead(days_ago=2 + 6 * number, partner_id=partner.id)
            if number % 3 == 0:
                lead.action_set_won()
                lead.date_closed = datetime.combine(
                    TODAY - timedelta(days=4 * number), time(12)
                )
            partners |= partner
        cls.env.flush_all()
        return partners

    def _activate(self, months=0, step="month"):
        """Activate as the start wizard does, on the present day of the test."""
        self.env.flush_all()
        self.lifecycle.activation_date = datetime.combine(self.today, time(0))
        Lifecycle = self.env["crm.lifecycle"]
        if months:
            begin = self.today - relativedelta(months=months)
            Lifecycle._replay(self.company, begin, self.today, step)
        self._run(self.today)

    def _rebuild(self, months=3, step="month", lifecycle=None, **kwargs):
        self.env.flush_all()
        result = self.env["crm.lifecycle.rebuild"]._rebuild(
            lifecycle or self.lifecycle, self.company, months, step, **kwargs
        )
        self.env.invalidate_all()
        return result

    def _undo(self):
        self.env.flush_all()
        record = self.env["crm.lifecycle.rebuild"]._search_undoable(self.company)
        result = record._undo()
        self.env.invalidate_all()
        return result

    def _read(self, query):
        self.env.flush_all()
        self.env.cr.execute(query, [self.company.id])
        return sorted(map(repr, self.env.cr.fetchall()))

    def _digest(self):
        rows = [*self._read(HISTORY), *self._read(PROFILES)]
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    def _get_fresh(self, *args, then=None):
        """Return the rows after a fresh activation with a past, rolled back."""
        with self.env.cr.savepoint() as savepoint:
            self._activate(*args)
            if then:
                then()
            rows = self._read(HISTORY), self._read(PROFILES)
            savepoint.rollback()
        self.env.invalidate_all()
        return rows

    def _assert_like(self, expected):
        history, profiles = expected
        self.assertEqual(self._read(HISTORY), history)
        self.assertEqual(self._read(PROFILES), profiles)

    def _make_returned(self):
        """Was lost, then came back: rules from “lost” differ from the first stage."""
        back = self.env["crm.lifecycle.stage"].create(
            {
                "name": "Won back",
                "code": "back",
                "category": "loyal",
                "sequence": 9,
                "lifecycle_id": self.lifecycle.id,
            }
        )
        self._rule(self.lost, [("first_seen_date", "<=", "today -30d")], self.prospect)
        self._rule(back, [("won_count", ">", 0)], self.lost)
        rule = self._rule(self.customer, [("won_count", ">", 0)], self.prospect)
        rule.sequence = -1
        self.lifecycle.rule_ids.filtered(
            lambda item: item.to_stage_id == self.engaged
        ).active = False
        partner = self._partner("Rita", ref="R")
        lead = self._lead(days_ago=80, partner_id=partner.id)
        lead.action_set_won()
        lead.date_closed = datetime.combine(TODAY - timedelta(days=20), time(12))
        self.env.flush_all()
        return partner, back

    def _dated_moves(self, profile):
        rows = profile.history_ids.sorted(lambda row: (row.origin != "replay", row.id))
        return [
            (row.date, row.from_stage_id.code or None, row.to_stage_id.code)
            for row in rows
        ]


@tagged("post_install", "-at_install")
class TestRebuild(RebuildCase):
    def test_it_is_the_same_as_an_activation_with_that_past(self):
        self._make_customers()
        for step in ("month", "week"):
            with self.subTest(step=step), self.env.cr.savepoint() as savepoint:
                expected = self._get_fresh(3, step)
                self._activate()
                self.assertNotEqual(self._read(HISTORY), expected[0])
                self._rebuild(3, step)
                self._assert_like(expected)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_an_undo_leaves_everything_as_it_was(self):
        self._make_customers()
        self._activate()
        before, ids = self._digest(), self.env["crm.lifecycle.history"].search([]).ids
        self._rebuild()
        self.assertNotEqual(self._digest(), before)
        back, left = self._undo()
        self.assertEqual((back, left), (14, 0))
        self.assertEqual(self._digest(), before)
        self.assertEqual(self.env["crm.lifecycle.history"].search([]).ids, ids)

    def test_before_and_after_later_moves(self):
        """Activated on February 10; later moves by rules and by hand stay."""
        partners = self._make_customers()
        self._set_today(date(2026, 2, 10))

        def go_on():
            for days in (1, 9, 20):
                self._set_today(date(2026, 2, 10) + timedelta(days=days))
                self._run(self.today)
                if days == 9:
                    profile = self._profile(partners[5])
                    profile._lifecycle_move(self.lost, origin="manual", reason="Gone")

        expected = self._get_fresh(3, then=go_on)
        self._set_today(date(2026, 2, 10))
        self._activate()
        go_on()
        before = self._digest()
        later = self._profile(partners[5]).history_ids.filtered("user_id")
        self._rebuild()
        self._assert_like(expected)
        self.assertEqual(later.exists().reason, "Gone")
        last = max(
            self.env["crm.lifecycle.history"]
            .search([("company_id", "=", self.company.id), ("origin", "=", "replay")])
            .mapped("date")
        )
        self.assertLessEqual(last, date(2026, 2, 10))
        self._undo()
        self.assertEqual(self._digest(), before)

    def test_twice_is_like_once(self):
        self._make_customers()
        self._activate()
        before = self._digest()
        self._rebuild()
        once = self._digest()
        self._rebuild()
        self.assertEqual(self._digest(), once)
        self._undo()
        self.assertEqual(self._digest(), once)
        self._undo()
        self.assertEqual(self._digest(), before)

    def test_a_longer_and_finer_past_replaces_a_short_one(self):
        self._make_customers()
        expected = self._get_fresh(3, "week")
        self._activate(1)
        self._rebuild(3, "week")
        self._assert_like(expected)

    def test_without_customers(self):
        self._activate()
        before = self._digest()
        result = self._rebuild()
        self.assertEqual((result.added.moves, result.replaced.moves), (0, 0))
        self.assertEqual(self._digest(), before)
        self.assertEqual(self._undo(), (0, 0))

    def test_who_has_not_moved_since_ends_where_the_past_ends(self):
        partner, back = self._make_returned()
        expected = self._get_fresh(3)
        self._activate()
        profile = self._profile(partner)
        self.assertEqual(profile.stage_id, self.customer)
        result = self._rebuild()
        self.assertEqual(result.stages, [(self.customer.id, back.id, 1)])
        self.assertEqual(profile.stage_id, back)
        self._assert_like(expected)
        self._undo()
        self.assertEqual(profile.stage_id, self.customer)

    def test_who_has_moved_since_keeps_the_stage_and_the_placement(self):
        partner, _back = self._make_returned()
        self._activate()
        profile = self._profile(partner)
        self._set_today(TODAY + timedelta(days=4))
        profile._lifecycle_move(self.risk, origin="manual")
        before = self._digest()
        result = self._rebuild(step="week")
        self.assertEqual(result.bridged, 1)
        self.assertEqual(
            [move[1:] for move in self._dated_moves(profile)],
            [
                (None, "prospect"),
                ("prospect", "lost"),
                ("lost", "back"),
                ("back", "customer"),
                ("customer", "risk"),
            ],
        )
        self.assertEqual(profile.stage_id, self.risk)
        rows = profile.history_ids.sorted(lambda row: (row.origin != "replay", row.id))
        self.assertEqual(rows[-2].days_in_from_stage, 20)
        self.assertEqual(rows[-1].days_in_from_stage, 4)
        self._undo()
        self.assertEqual(self._digest(), before)

    def test_a_pinned_customer_keeps_the_stage(self):
        partner, _back = self._make_returned()
        self._activate()
        profile = self._profile(partner)
        profile.pinned_until = TODAY + timedelta(days=30)
        before = self._digest()
        result = self._rebuild(step="week")
        self.assertEqual((result.bridged, result.stages), (1, []))
        self.assertEqual((profile.stage_id, profile.stage_date), (self.customer, TODAY))
        self.assertEqual(self._dated_moves(profile)[-1], (TODAY, "back", "customer"))
        self._undo()
        self.assertEqual(self._digest(), before)

    def test_days_in_stages_fit_together(self):
        self._make_customers()
        self._activate()
        self._set_today(TODAY + timedelta(days=9))
        self._run(self.today)
        self._rebuild()
        for profile in self.env["crm.lifecycle.profile"].search(
            [("company_id", "=", self.company.id)]
        ):
            entered, stage = None, None
            rows = profile.history_ids.sorted(
                lambda row: (row.origin != "replay", row.id)
            )
            for row in rows:
                self.assertEqual(row.from_stage_id.id or None, stage)
                if entered:
                    self.assertEqual(
                        row.days_in_from_stage, max((row.date - entered).days, 0)
                    )
                entered, stage = row.date, row.to_stage_id.id
            self.assertEqual(profile.stage_id.id, stage)
            self.assertEqual(profile.stage_date, entered)

    def test_imported_merged_and_added_by_hand_keep_their_history(self):
        partners = self._make_customers(6)
        self._activate()
        imported = self._profile(partners[3])
        imported._lifecycle_move(self.lost, origin="import", as_of=date(2026, 1, 5))
        self._profile(partners[4])._merge_from(self._profile(partners[2]))
        added = self.env["crm.lifecycle.profile"].create(
            {"partner_id": self._partner("Hand").id, "company_id": self.company.id}
        )
        kept = imported | self._profile(partners[4]) | added
        moves = [self._moves(profile) for profile in kept]
        result = self._rebuild()
        self.assertEqual([self._moves(profile) for profile in kept], moves)
        self.assertEqual(result.kept_whole, 3)
        self.assertEqual(result.added.customers, 3)

    def test_customers_who_came_later_keep_their_history(self):
        self._make_customers(3)
        self._activate()
        self._set_today(TODAY + timedelta(days=3))
        late = self._partner("Late", ref="L")
        self._lead(days_ago=-1, partner_id=late.id)
        self._run(self.today)
        moves = self._moves(self._profile(late))
        self._rebuild()
        self.assertEqual(self._moves(self._profile(late)), moves)

    def test_no_playbook_runs_and_nothing_is_sent(self):
        plan = self.env["mail.activity.plan"].create(
            {"name": "Call", "res_model": "crm.lifecycle.profile"}
        )
        self.lifecycle.stage_ids.activity_plan_id = plan
        # Longer in the stage than was known: due at once.
        self._rule(self.lost, [], self.risk, min_days=10)
        self._make_customers()
        self._activate()
        self._set_today(TODAY + timedelta(days=1))
        self._run(self.today)
        History = self.env["crm.lifecycle.history"]
        waiting = History.search([("processed_at", "=", False)])
        logs = self.env["crm.lifecycle.playbook.log"].search([])
        self._rebuild()
        self._run(self.today)
        self.assertEqual(History.search([("processed_at", "=", False)]), waiting)
        self.assertEqual(self.env["crm.lifecycle.playbook.log"].search([]), logs)

    def test_what_is_due_anyway_moves_as_usual(self):
        """A rule that holds without the rebuild triggers the playbook."""
        partners = self._make_customers()
        self._activate()
        profile = self._profile(partners[7])
        self.assertEqual(profile.stage_id, self.engaged)
        # 45 days after the first contact
        self._set_today(TODAY + timedelta(days=2))
        result = self._rebuild()
        self.assertEqual(result.settled, 0)
        self._run(self.today)
        last = profile.history_ids.sorted("id")[-1]
        self.assertEqual((last.to_stage_id, last.origin), (self.risk, "rule"))
        self.assertFalse(last.is_quiet)

    def test_a_follow_up_is_planned_once(self):
        partners = self._make_customers()
        self._activate()
        overdue = self._profile(partners[9]) | self._profile(partners[10])
        overdue = overdue.filtered(lambda item: item.stage_id == self.risk)
        self.assertTrue(overdue)
        log = self.env["crm.lifecycle.playbook.log"].create(
            {
                "history_id": overdue[0].history_ids.sorted("id")[-1].id,
                "profile_id": overdue[0].id,
                "company_id": self.company.id,
                "kind": "follow_up",
                "key": "follow_up:2026-03-01",
                "name": "Follow up",
                "state": "done",
            }
        )
        first = log.history_id
        self._rebuild()
        self.assertEqual(log.history_id.origin, "replay")
        self.assertEqual(log.history_id.to_stage_id, overdue[0].stage_id)
        self._undo()
        self.assertEqual(log.history_id, first)

    def test_moves_since_stay_when_it_is_undone(self):
        partners = self._make_customers()
        self._activate()
        self._rebuild()
        self._set_today(TODAY + timedelta(days=8))
        profile = self._profile(partners[4])
        stage = profile.stage_id
        profile._lifecycle_move(self.lost, origin="manual")
        self.assertEqual(self._undo(), (14, 0))
        self.assertEqual(profile.stage_id, self.lost)
        last = profile.history_ids.sorted("id")[-1]
        self.assertEqual((last.from_stage_id, last.days_in_from_stage), (stage, 8))
        self.assertNotIn("replay", profile.history_ids.mapped("origin"))

    def test_who_left_another_stage_since_keeps_the_past(self):
        partner, back = self._make_returned()
        self._activate()
        self._rebuild()
        profile = self._profile(partner)
        self.assertEqual(profile.stage_id, back)
        profile._lifecycle_move(self.risk, origin="manual")
        moves = self._moves(profile)
        self.assertEqual(self._undo(), (0, 1))
        self.assertEqual(self._moves(profile), moves)

    def test_another_company_is_not_touched(self):
        partner = self._partner("Eve", company_id=False)
        other = self.env["res.company"].create({"name": "Other", "lifecycle_tz": "UTC"})
        self.lifecycle.company_id = False
        for company in (self.company, other):
            self._lead(days_ago=70, partner_id=partner.id, company_id=company.id)
        self._activate()
        self.env["crm.lifecycle"]._run(other, TODAY)
        domain = [("company_id", "=", other.id)]
        rows = self.env["crm.lifecycle.history"].search(domain)
        profile = self.env["crm.lifecycle.profile"].search(domain)
        self.assertTrue(rows)
        date_before = profile.stage_date
        self._rebuild()
        self.env.invalidate_all()
        self.assertEqual(self.env["crm.lifecycle.history"].search(domain), rows)
        self.assertEqual(profile.stage_date, date_before)
        self.assertNotEqual(self._profile(partner).stage_date, date_before)

    def test_only_active_lifecycles_of_the_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        Rebuild = self.env["crm.lifecycle.rebuild"]
        with self.assertRaisesRegex(UserError, "another company"):
            Rebuild._rebuild(self.lifecycle, other, 3)
        self.lifecycle.state = "archived"
        with self.assertRaisesRegex(UserError, "not active"):
            self._rebuild()

    def test_runs_with_replaced_moves_are_voided_after_an_undo_only(self):
        self._make_customers(4)
        self._activate()
        run = self.env["crm.lifecycle.run"].search(
            [("company_id", "=", self.company.id)], limit=1
        )
        self._rebuild()
        rebuilt = self.env["crm.lifecycle.run"].search([("kind", "=", "rebuild")])[:1]
        with self.assertRaisesRegex(UserError, "Undo it in the lifecycle"):
            rebuilt._void("Wrong")
        with self.assertRaisesRegex(UserError, "Undo the rebuild"):
            run._void("Wrong")
        self._undo()
        run._void("Wrong")
        self.assertEqual(run.state, "void")

    def test_a_later_run_is_voided_as_without_a_rebuild(self):
        self._make_customers()
        self._activate()
        self._set_today(TODAY + timedelta(days=10))
        run = self._run(self.today)
        self.assertTrue(run.moved_count)
        self._rebuild()
        run._void("Wrong")
        self.env.invalidate_all()
        self.assertNotIn("stay", run.void_account)

    def test_a_stage_that_an_undo_needs_is_not_deleted(self):
        """The rebuilt past never reaches the stage of the placement."""
        self._make_returned()
        self._activate()
        self._rebuild()
        History = self.env["crm.lifecycle.history"]
        self.assertFalse(History.search([("to_stage_id", "=", self.customer.id)]))
        with self.assertRaisesRegex(UserError, "can't be deleted as long"):
            self.customer.unlink()

    def test_the_day_limit_of_an_undo(self):
        self._make_customers(3)
        self._activate()
        self._rebuild()
        record = self.env["crm.lifecycle.rebuild"]._search_undoable(self.company)
        Line = self.env["crm.lifecycle.rebuild.line"]
        self.assertTrue(Line.search([("rebuild_id", "=", record.id)]))
        self.env.cr.execute(
            "UPDATE crm_lifecycle_rebuild SET create_date = create_date - '31 days'"
            "::interval"
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "can't be undone"):
            record._undo()
        self.env["crm.lifecycle.rebuild"]._gc_lines()
        self.assertFalse(Line.search([("rebuild_id", "=", record.id)]))

    def test_the_preview_writes_nothing(self):
        self._make_customers()
        self._activate()
        before = self._digest()
        Rebuild = self.env["crm.lifecycle.rebuild"]
        found = Rebuild._preview(self.lifecycle, self.company, 3, "month")
        self.assertEqual(self._digest(), before)
        self.assertFalse(Rebuild.search([("company_id", "=", self.company.id)]))
        self.assertEqual(self._rebuild(), found)

    def test_queries_do_not_grow_with_customers(self):
        self._make_customers(6)
        self._activate()
        self._rebuild()
        counts = []
        for more in (0, 40):
            for number in range(more):
                partner = self._partner(f"M{number}", ref=f"M{number:03}")
                self._lead(days_ago=2 + 2 * (number % 40), partner_id=partner.id)
            if more:
                self._activate()
            self.env.flush_all()
            self.env.invalidate_all()
            count = self.env.cr.sql_log_count
            self._rebuild()
            counts.append(self.env.cr.sql_log_count - count)
        self.assertLessEqual(counts[1], counts[0] * 1.5)
        self.assertGreater(counts[0], 50)

    def test_queries_of_an_undo_do_not_grow_with_customers(self):
        counts = []
        for number in (3, 30):
            with self.env.cr.savepoint() as savepoint:
                self._make_customers(number)
                self._activate()
                self._rebuild()
                count = self.env.cr.sql_log_count
                self._undo()
                counts.append(self.env.cr.sql_log_count - count)
                savepoint.rollback()
            self.env.invalidate_all()
        self.assertEqual(counts[0], counts[1])
