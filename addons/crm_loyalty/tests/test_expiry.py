"""Expiry of points by the policies of the program, and reinstatement."""

from datetime import date, time, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import TODAY, LedgerCase


@tagged("post_install", "-at_install")
class TestExpiry(LedgerCase):
    def _expire(self):
        # Pass the day, because the job takes it from PostgreSQL.
        day = self.program._get_loyalty_today()
        entries = self.env["loyalty.card"]._expire_points(as_of=day)
        self.env.invalidate_all()
        return entries

    def test_points_expire_the_day_after_their_last_day(self):
        """Regression: points never expired."""
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        card = self._card(10)
        for day, points in ((29, 10), (30, 10), (31, 0)):
            self._on(day)
            self._expire()
            self.assertEqual(card.points, points)
        self.assertEqual(self._kinds(card), [("opening", 10), ("expire", -10)])
        self.assertFalse(self._expire())
        self._assert_sound()

    def test_the_oldest_is_spent_first_and_only_the_rest_expires(self):
        """Points are spent first in, first out."""
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        card = self._card(10)
        self._on(5)
        card._post_points(10, "earn")
        card._post_points(-6, "burn")
        self.assertEqual(self._lots(card), [(4, 30), (10, 35)])
        self._on(31)
        self._expire()
        self.assertEqual(card.points, 10)
        self.assertEqual(self._lots(card), [(10, 35)])
        expiry = card.crm_loyalty_entry_ids.filtered(
            lambda entry: entry.kind == "expire"
        )
        self.assertEqual(expiry.consumed_ids.points, 4)
        self.assertEqual(expiry.consumed_ids.award_id.points, 10)
        self._assert_sound()

    def test_the_policies_say_which_day_is_the_last(self):
        for policy, days, earned, last in (
            ("never", 30, TODAY, None),
            ("days", 30, TODAY, date(2026, 4, 1)),
            ("days", 0, TODAY, TODAY),
            ("month", 0, TODAY, date(2026, 3, 31)),
            ("month", 365, TODAY, date(2027, 3, 31)),
            ("month", 0, date(2028, 2, 29), date(2028, 2, 29)),
            ("year", 0, TODAY, date(2026, 12, 31)),
            ("year", 365, date(2026, 1, 1), date(2027, 12, 31)),
            ("activity", 90, TODAY, TODAY + timedelta(days=90)),
        ):
            self.program.write(
                {"crm_loyalty_expiry_policy": policy, "crm_loyalty_expiry_days": days}
            )
            with self.subTest(policy=policy, days=days):
                self.assertEqual(self.program._get_expiration_date(earned), last)

    def test_activity_keeps_points_alive(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "activity", "crm_loyalty_expiry_days": 30}
        )
        card = self._card(10)
        self._on(20)
        card._post_points(5, "bonus")
        self.assertEqual(self._lots(card), [(10, 30), (5, 50)])
        card._post_points(-1, "burn")
        self.assertEqual(self._lots(card), [(9, 50), (5, 50)])
        self._on(50)
        self._expire()
        self.assertEqual(card.points, 14)
        self._on(51)
        self._expire()
        self.assertEqual(card.points, 0)
        self._assert_sound()

    def test_the_day_is_that_of_the_company(self):
        """Regression: date conditions in UTC were off by one day."""
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        self.company.crm_loyalty_tz = "Asia/Shanghai"
        self._on(TODAY, time(15, 59))
        card, later = self._card(10), None
        self._on(TODAY, time(16, 1))
        later = self._card(10)
        self.assertEqual(
            (later.crm_loyalty_lot_ids.date - card.crm_loyalty_lot_ids.date),
            timedelta(days=1),
        )
        self.assertEqual(card.crm_loyalty_lot_ids.date, TODAY)
        self.env["loyalty.card"]._expire_points(as_of=TODAY + timedelta(days=31))
        self.env.invalidate_all()
        self.assertEqual((card.points, later.points), (0, 10))

    def test_archived_cards_expire_too_and_other_companies_keep_their_day(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        card = self._card(10)
        card.action_archive()
        self._on(31)
        self._expire()
        self.assertEqual(card.points, 0)

    def test_the_job_works_in_batches_and_stops_when_time_is_up(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 1}
        )
        cards = self._card(1) | self._card(2) | self._card(3)
        done = []

        def checkpoint(count):
            done.append(count)
            return 0 if len(done) == 2 else 1

        Card = type(self.env["loyalty.card"])
        expire = Card._expire_batch
        self.patch(
            Card, "_expire_batch", lambda self, as_of: expire(self, as_of, limit=1)
        )
        day = TODAY + timedelta(days=2)
        self.env["loyalty.card"]._expire_points(day, checkpoint)
        self.assertEqual(done, [1, 1])
        self.env.invalidate_all()
        # The database decides which cards come first.
        self.assertEqual(
            sorted(map(bool, cards.mapped("points"))), [False, False, True]
        )

    def test_a_batch_posts_what_a_posting_would(self):
        """The SQL of the job gives the same result as the engine, lot by lot."""
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        card = self._card(10)
        card._post_points(0.25, "bonus")
        card._post_points(-3, "burn")
        self._on(5)
        card._post_points(7, "bonus")
        self._on(31)
        due = card.crm_loyalty_lot_ids.filtered(
            lambda lot: lot.expiration_date < self._day()
        )

        def expire_one_by_one():
            self.env["loyalty.card"]._post_many(
                [{"card": card, "kind": "expire", "lots": due}]
            )

        told = []
        for expire in (expire_one_by_one, self._expire):
            with self.env.cr.savepoint() as savepoint:
                expire()
                told.append(self._get_ledger(card))
                savepoint.rollback()
            self.env.invalidate_all()
        self.assertEqual(*told)
        self.assertEqual(told[0]["points"], 7)

    def _day(self):
        return self.program._get_loyalty_today()

    def _get_ledger(self, card):
        """Return everything that a posting writes, except ids."""
        self.env.flush_all()
        self.env.invalidate_all()
        entries = card.crm_loyalty_entry_ids.sorted("sequence")
        last = entries[-1]
        unlike = {"id", "display_name", "consumed_ids", "consumer_ids"}
        return {
            "points": card.points,
            "entry": {
                name: value
                for name, value in last.read(load=None)[0].items()
                if name not in unlike and not name.startswith("qualifying_")
            },
            "lots": [
                (lot.remaining, lot.expiration_date, lot.reminded) for lot in entries
            ],
            "consumed": [(part.award_id, part.points) for part in last.consumed_ids],
        }

    def test_the_scheduled_job_expires(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 1}
        )
        card = self._card()
        card._post_points(5, "bonus", expiration_date=date(2020, 1, 1))
        with self.enter_registry_test_mode():
            self.env.ref("crm_loyalty.ir_cron_expire").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(card.points, 0)

    # Reinstatement

    def _expired(self):
        self.program.write(
            {
                "crm_loyalty_expiry_policy": "days",
                "crm_loyalty_expiry_days": 30,
                "crm_loyalty_reinstate_days": 10,
            }
        )
        card = self._card(10)
        self._on(31)
        self._expire()
        return card, card.crm_loyalty_entry_ids.filtered(
            lambda entry: entry.kind == "expire"
        )

    def test_expired_points_are_given_back_once_within_the_window(self):
        card, expiry = self._expired()
        self._on(41)
        expiry = expiry.with_user(self.manager)
        until = TODAY + timedelta(days=60)
        expiry._reinstate(until, "Was ill")
        expiry._reinstate(until, "Was ill")
        self.env.invalidate_all()
        self.assertEqual(card.points, 10)
        self.assertEqual(self._lots(card), [(10, 60)])
        self.assertFalse(card._get_reinstatable())
        self._assert_sound()

    def test_after_the_window_expired_points_are_gone(self):
        card, expiry = self._expired()
        self._on(42)
        self.assertFalse(card._get_reinstatable())
        with self.assertRaisesRegex(UserError, "window of 10 days is over"):
            expiry.with_user(self.manager)._reinstate(TODAY, "Too late")

    def test_only_who_configures_points_gives_them_back(self):
        card, expiry = self._expired()
        with self.assertRaises(AccessError):
            expiry.with_user(self.approver)._reinstate(False, "Friend")
        wizard = (
            self.env["crm.loyalty.reinstatement"]
            .with_user(self.manager)
            .create({"card_id": card.id, "reason": "Was ill"})
        )
        self.assertEqual(wizard.entry_ids, expiry)
        wizard.action_reinstate()
        self.env.invalidate_all()
        self.assertEqual(self._lots(card), [(10, 41)])

    def _expired_late(self):
        """Two lots end on days 30 and 40; the job expires both on day 54."""
        self.program.write(
            {
                "crm_loyalty_expiry_policy": "days",
                "crm_loyalty_expiry_days": 30,
                "crm_loyalty_reinstate_days": 20,
            }
        )
        card = self._card(10)
        self._on(10)
        card._post_points(5, "bonus")
        self._on(54)
        self._expire()
        self.assertEqual(self._kinds(card)[-1], ("expire", -15))
        return card, card.crm_loyalty_entry_ids[0].with_user(self.manager)

    def test_the_window_begins_on_the_day_on_which_each_lot_ended(self):
        """Regression: it began when the job ran, for all lots or none."""
        card, expiry = self._expired_late()
        self.assertEqual(expiry.points_to_reinstate, 5)
        self.assertEqual(card._get_reinstatable(), expiry)
        for _again in range(2):
            expiry._reinstate(TODAY + timedelta(days=90), "The job was late")
        self.env.invalidate_all()
        self.assertEqual(card.points, 5)
        self.assertEqual(expiry.points_to_reinstate, 0)
        self.assertFalse(card._get_reinstatable())
        self._assert_sound()

    def test_a_longer_window_gives_back_the_other_lots(self):
        card, expiry = self._expired_late()
        expiry._reinstate(False, "The job was late")
        self.program.crm_loyalty_reinstate_days = 23
        self.assertEqual(expiry.points_to_reinstate, 10)
        expiry._reinstate(False, "The job was late")
        self.env.invalidate_all()
        self.assertEqual(card.points, 15)
        self._assert_sound()

    def test_no_lot_is_given_back_when_all_ended_before_the_window(self):
        card, expiry = self._expired_late()
        self._on(61)
        self.assertEqual(card._get_reinstatable(), expiry)
        self._on(62)
        self.assertFalse(card._get_reinstatable())
        with self.assertRaisesRegex(UserError, "04/12/2026|2026-04-12"):
            expiry._reinstate(False, "Too late")

    def test_expired_points_of_a_merged_card_go_to_the_card_that_is_kept(self):
        card, _expiry = self._expired_late()
        kept = self._card(1)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (card.partner_id | kept.partner_id).ids, kept.partner_id
        )
        self.env.invalidate_all()
        expiry = kept.with_user(self.manager)._get_reinstatable()
        self.assertEqual(expiry.card_id, card)
        expiry._reinstate(False, "The job was late")
        self.env.invalidate_all()
        self.assertEqual((card.points, kept.points), (0, 6))
        self._assert_sound()
