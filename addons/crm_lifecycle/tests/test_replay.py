from datetime import date, datetime, time, timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.crm_lifecycle.run.replay import get_days

from .common import TODAY, LifecycleCase


@tagged("post_install", "-at_install")
class TestReplay(LifecycleCase):
    def setUp(self):
        super().setUp()
        self.startPatcher(
            patch.object(type(self.company), "_lifecycle_today", lambda company: TODAY)
        )
        self._rule(
            self.engaged, [("first_seen_date", "<=", "today -10d")], self.prospect
        )
        self._rule(self.risk, [("first_seen_date", "<=", "today -45d")], self.engaged)

    def _replay(self, days_ago, until=0, **kwargs):
        self.env.flush_all()
        run = self.env["crm.lifecycle"]._replay(
            self.company,
            TODAY - timedelta(days=days_ago),
            TODAY - timedelta(days=until),
            **kwargs,
        )
        self.env.invalidate_all()
        return run

    def _dated_moves(self, profile):
        return [
            (row.date, row.from_stage_id.code or None, row.to_stage_id.code)
            for row in profile.history_ids.sorted("id")
        ]

    def test_the_past_as_if_the_rules_had_run(self):
        partner = self._partner()
        self._lead(days_ago=70, partner_id=partner.id)
        run = self._replay(61)
        profile = self._profile(partner)
        self.assertEqual(
            self._dated_moves(profile),
            [
                (date(2025, 12, 22), None, "prospect"),
                (date(2026, 1, 1), "prospect", "engaged"),
                (date(2026, 2, 5), "engaged", "risk"),
            ],
        )
        self.assertEqual(profile.stage_id, self.risk)
        self.assertEqual(profile.stage_date, date(2026, 2, 5))
        self.assertEqual(profile.history_ids.mapped("origin"), ["replay"] * 3)
        self.assertEqual(
            profile.history_ids.sorted("id").mapped("days_in_from_stage"), [0, 10, 35]
        )
        self.assertRecordValues(run, [{"state": "done", "kind": "replay"}])

    def test_it_ends_like_runs_on_those_days(self):
        """Except for the first day, on which a run passes through each stage."""
        self._rule(self.customer, [("won_count", ">", 0)], self.engaged | self.risk)
        self._rule(self.lost, [("lost_count", ">", 0)], self.risk)
        partners = self.env["res.partner"]
        for days_ago in range(1, 100, 7):
            partners |= self._partner(f"P{days_ago}")
            lead = self._lead(days_ago=days_ago, partner_id=partners[-1:].id)
            if days_ago % 2:
                lead.action_set_won()
            elif days_ago % 3:
                lead.action_set_lost()
            lead.date_closed = datetime.combine(
                TODAY - timedelta(days=days_ago // 3), time(12)
            )
        self.env.flush_all()
        days = get_days(TODAY - timedelta(days=61), TODAY, "day")
        with self.env.cr.savepoint() as savepoint:
            for day in days:
                self._run(day)
            plain = {
                partner: self._dated_moves(self._profile(partner))
                for partner in partners
            }
            savepoint.rollback()
        self.env.invalidate_all()
        self._replay(61, step="day")
        for partner in partners:
            expected = plain[partner]
            actual = self._dated_moves(self._profile(partner))
            placed = [move for move in expected if move[0] == days[0]]
            if placed:
                self.assertLessEqual(actual[0][0], days[0])
                self.assertEqual(actual[0][1:], (None, placed[-1][2]))
                expected, actual = expected[len(placed) :], actual[1:]
            self.assertEqual(actual, expected)

    def test_the_first_step_places_by_one_move(self):
        partner = self._partner()
        self._lead(days_ago=100, partner_id=partner.id)
        self._replay(10)
        self.assertEqual(
            self._dated_moves(self._profile(partner)),
            [(TODAY - timedelta(days=55), None, "risk")],
        )

    def test_no_source_is_asked_that_no_rule_is_about(self):
        partner = self._partner()
        self._lead(days_ago=70, partner_id=partner.id)
        contacts = type(self.env["crm.lifecycle.source.contact"])
        answer, days = contacts._fact_values, set()

        def note(source, scope):
            days.add(scope.as_of)
            return answer(source, scope)

        with patch.object(contacts, "_fact_values", note):
            self._replay(61)
        # All facts of today are kept.
        self.assertEqual(days, {TODAY})
        self.assertEqual(self._profile(partner).stage_id, self.risk)

    def test_messages_are_read_where_a_rule_is_about_them(self):
        partner = self._partner()
        self._lead(days_ago=70, partner_id=partner.id)
        self.env["mail.message"].create(
            {
                "model": "res.partner",
                "res_id": partner.id,
                "message_type": "comment",
                "subtype_id": self.env.ref("mail.mt_comment").id,
                "author_id": partner.id,
                "date": datetime.combine(TODAY - timedelta(days=50), time(12)),
            }
        )
        self._rule(self.lost, [("last_contact_date", "<=", "today -20d")], self.engaged)
        self._replay(61)
        self.assertEqual(
            self._dated_moves(self._profile(partner))[-1],
            (date(2026, 1, 31), "engaged", "lost"),
        )

    def test_what_follows_from_facts_is_known(self):
        follows = self.env["crm.lifecycle.profile"]._depends_on_facts
        for path in ("stage_date", "stage_id.category", "partner_id.country_id.code"):
            self.assertFalse(follows(path), path)
        for path in (
            "follow_up_date",
            "health",
            "is_objecting",
            "partner_id.lifecycle_stage_id",
            "lead_id.lifecycle_profile_ids.stage_date",
            "nothing_known",
        ):
            self.assertTrue(follows(path), path)

    def test_what_no_date_tells_keeps_the_day_of_the_step(self):
        self._rule(self.customer, [("won_count", ">", 0)], self.engaged)
        partner = self._partner()
        lead = self._lead(days_ago=70, partner_id=partner.id)
        lead.action_set_won()
        lead.date_closed = datetime.combine(date(2026, 1, 20), time(12))
        self._replay(61)
        self.assertIn(
            (date(2026, 1, 31), "engaged", "customer"),
            self._dated_moves(self._profile(partner)),
        )

    def test_waiting_in_a_stage_is_counted_from_the_day_of_the_move(self):
        self._rule(self.lost, [], self.risk, min_days=7)
        partner = self._partner()
        self._lead(days_ago=70, partner_id=partner.id)
        self._replay(61)
        self.assertEqual(
            self._dated_moves(self._profile(partner))[-2:],
            [
                (date(2026, 2, 5), "engaged", "risk"),
                (date(2026, 2, 12), "risk", "lost"),
            ],
        )

    def test_by_day_moves_carry_the_day_itself(self):
        partner = self._partner()
        lead = self._lead(days_ago=40, partner_id=partner.id)
        self._rule(self.customer, [("won_count", ">", 0)], self.engaged)
        lead.action_set_won()
        lead.date_closed = datetime.combine(date(2026, 2, 10), time(12))
        self._replay(61, step="day")
        self.assertEqual(
            self._dated_moves(self._profile(partner)),
            [
                (date(2026, 1, 21), None, "prospect"),
                (date(2026, 1, 31), "prospect", "engaged"),
                (date(2026, 2, 10), "engaged", "customer"),
            ],
        )

    def test_progress_is_told_and_may_stop_it(self):
        partner = self._partner()
        self._lead(days_ago=40, partner_id=partner.id)
        told = []

        def progress(done, total):
            told.append((done, total))
            if done == 3:
                raise UserError("Enough")  # pylint: disable=translation-required

        with self.assertRaises(UserError), self.env.cr.savepoint():
            self._replay(28, step="week", progress=progress)
        self.assertEqual(told, [(1, 5), (2, 5), (3, 5)])
        self.assertFalse(self._profile(partner).stage_id)

    def test_who_came_later_enters_later(self):
        partner = self._partner()
        self._lead(days_ago=1, partner_id=partner.id)
        self._replay(61)
        self.assertEqual(
            self._dated_moves(self._profile(partner)),
            [(TODAY - timedelta(days=1), None, "prospect")],
        )

    def test_the_run_after_it_moves_nobody_twice(self):
        partner = self._partner()
        self._lead(days_ago=70, partner_id=partner.id)
        self._replay(61)
        moves = self._dated_moves(self._profile(partner))
        self.assertEqual(self._run().moved_count, 0)
        self.assertEqual(self._dated_moves(self._profile(partner)), moves)

    def test_until_a_day_before_today_the_run_goes_on_from_there(self):
        partner = self._partner()
        self._lead(days_ago=50, partner_id=partner.id)
        self._replay(40, until=20)
        profile = self._profile(partner)
        self.assertEqual(profile.stage_id, self.engaged)
        run = self._run()
        self.assertEqual(run.moved_count, 1)
        self.assertEqual(profile.stage_id, self.risk)

    def test_twice_changes_nothing(self):
        partner = self._partner()
        self._lead(days_ago=70, partner_id=partner.id)
        self._replay(61)
        moves = self._dated_moves(self._profile(partner))
        self._replay(61)
        self.assertEqual(self._dated_moves(self._profile(partner)), moves)

    def test_who_has_a_history_is_left_alone(self):
        profile = self._customer()
        moves = self._dated_moves(profile)
        other = self._partner("Bob")
        self._lead(days_ago=70, partner_id=other.id)
        self._replay(61)
        self.assertEqual(self._dated_moves(profile), moves)
        self.assertEqual(self._profile(other).stage_id, self.risk)

    def test_facts_and_work_list_stay_as_they_are(self):
        partner = self._partner()
        self._lead(days_ago=70, partner_id=partner.id)
        self._lead(days_ago=1, partner_id=partner.id)
        other = self._partner("Bob")
        self._replay(61)
        profile = self._profile(partner)
        self.assertEqual(profile.open_lead_count, 2)
        self.assertTrue(profile.active)
        self.assertFalse(self._profile(other))
        self.assertFalse(self.env["crm.lifecycle.pending"].search([]))
        self.env.cr.execute(
            "SELECT COUNT(*) FROM pg_class WHERE relpersistence = 't' "
            "AND relname = 'crm_lifecycle_profile'"
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_another_company_is_not_touched(self):
        other = self.env["res.company"].create({"name": "Other"})
        partner = self._partner("Eve", company_id=False)
        self._lead(days_ago=70, partner_id=partner.id, company_id=other.id)
        self._replay(61)
        self.assertFalse(self._profile(partner))

    def test_nothing_is_sent(self):
        self.engaged.activity_plan_id = self.env["mail.activity.plan"].create(
            {"name": "Call", "res_model": "crm.lifecycle.profile"}
        )
        partner = self._partner()
        self._lead(days_ago=40, partner_id=partner.id)
        self._replay(61)
        profile = self._profile(partner)
        self.assertEqual(profile.stage_id, self.engaged)
        self.assertTrue(all(profile.history_ids.mapped("processed_at")))
        self.assertFalse(profile.activity_ids)

    def test_days_in_the_wrong_order(self):
        for begin, end in [(1, 2), (0, -1)]:
            with self.assertRaises(UserError) as error:
                self._replay(begin, until=end)
            self.assertIn("can't be replayed", str(error.exception))

    def test_days_of_a_replay(self):
        self.assertEqual(
            get_days(date(2026, 1, 31), date(2026, 3, 15), "month"),
            [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 15)],
        )
        self.assertEqual(get_days(TODAY, TODAY, "week"), [TODAY])
