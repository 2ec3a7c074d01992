"""Every change of points posts an entry, whichever code makes it."""

from psycopg2 import errors

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..engine import chain
from .common import TODAY, LedgerCase


@tagged("post_install", "-at_install")
class TestLedger(LedgerCase):
    def test_each_way_to_change_points_posts_exactly_one_entry(self):
        card = self._card(10)
        self.assertEqual(self._kinds(card), [("opening", 10)])
        card.points += 5
        card.write({"points": 12})
        card._post_points(3, "bonus", reason="Birthday")
        self.env["loyalty.card"].load([".id", "points"], [[str(card.id), "20"]])
        self.assertEqual(
            self._kinds(card),
            [("opening", 10), ("earn", 5), ("burn", -3), ("bonus", 3), ("earn", 5)],
        )
        self.assertEqual(card.points, 20)
        self._assert_sound()

    def test_many_cards_in_one_write_post_an_entry_each(self):
        cards = self._card(10) | self._card(0) | self._card(7)
        cards.write({"points": 7})
        self.assertEqual([c.points for c in cards], [7, 7, 7])
        self.assertEqual([len(c.crm_loyalty_entry_ids) for c in cards], [2, 1, 1])
        self._assert_sound()

    def test_writing_the_same_points_posts_nothing(self):
        card = self._card(10)
        card.points = 10
        card.write({"points": 10.000001})
        self.assertEqual(len(card.crm_loyalty_entry_ids), 1)
        self.assertEqual(card.points, 10)

    def test_a_key_is_posted_once_on_a_card(self):
        card, other = self._card(), self._card()
        first = card._post_points(5, "bonus", key="birthday:2026")
        again = card._post_points(5, "bonus", key="birthday:2026")
        both = (card | other)._post_points(5, "bonus", key="birthday:2026")
        self.assertEqual(first, again)
        self.assertEqual(both[0], first)
        self.assertEqual((card.points, other.points), (5, 5))
        with mute_logger("odoo.sql_db"), self.assertRaises(errors.UniqueViolation):
            self.env.cr.execute(
                "INSERT INTO crm_loyalty_entry "
                "(card_id, program_id, sequence, kind, points, date, key) "
                "SELECT card_id, program_id, 99, kind, points, date, key "
                "FROM crm_loyalty_entry WHERE id = %s",
                [first.id],
            )

    def test_big_jobs_post_on_cards_that_never_had_points(self):
        """Such a card has NULL as its balance in the database."""
        card = self._card()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE loyalty_card SET points = NULL WHERE id = %s", [card.id]
        )
        self.env.invalidate_all()
        self.env["loyalty.card"]._post_many(
            [{"card": card, "points": 5, "kind": "bonus"}], quiet=True
        )
        self.assertEqual(card.points, 5)
        self._assert_sound()

    def test_the_same_key_twice_in_one_posting_counts_once(self):
        card = self._card()
        values = {"card": card, "points": 5, "kind": "bonus", "key": "twice"}
        entries = self.env["loyalty.card"]._post_many([values, dict(values)])
        self.assertEqual(len(card.crm_loyalty_entry_ids), 1)
        self.assertEqual(entries[0], entries[1])

    def test_spending_more_than_is_there_is_refused_in_plain_words(self):
        card = self._card(10)
        with self.assertRaisesRegex(UserError, "spent meanwhile"):
            card._post_points(-11, "burn")
        with self.assertRaisesRegex(UserError, "spent meanwhile"):
            card.points -= 11
        self.assertEqual(len(card.crm_loyalty_entry_ids), 1)

    def test_entries_cannot_be_written_by_anybody(self):
        card = self._card(10)
        entry = card.crm_loyalty_entry_ids
        for attempt in (
            lambda: entry.write({"points": 1}),
            lambda: entry.unlink(),
            lambda: entry.copy(),
            lambda: card.write({"crm_loyalty_entry_ids": [Command.clear()]}),
            lambda: self.env["crm.loyalty.consumption"].create({}),
        ):
            with self.assertRaises(UserError):
                attempt()

    def test_a_card_with_a_ledger_is_put_away_instead_of_deleted(self):
        card, empty = self._card(10), self._card()
        (card | empty).unlink()
        self.assertFalse(empty.exists())
        self.assertTrue(card.exists())
        self.assertFalse(card.active)
        self.assertEqual(card.points, 10)
        self._assert_sound()

    def test_python_and_sql_seal_alike(self):
        card = self._card(0.0001)
        card._post_points(123456789.5, "bonus", reason="Grüße „ä“\n积分 \x1f|\\ %s")
        card._post_points(-0.25, "adjust", reason="", source=card, date=TODAY)
        card._post_points(1, "earn", key="k'ey", date=TODAY.replace(year=987))
        rows = self.env.execute_query(
            SQL(
                "SELECT e.hash, %s FROM (SELECT e.*, COALESCE(lag(hash) OVER ("
                "ORDER BY sequence), '') AS previous FROM crm_loyalty_entry AS e "
                "WHERE card_id = %s) AS e",
                chain.hash_columns_sql(SQL("e.previous"), "e"),
                card.id,
            )
        )
        self.assertEqual(len(rows), 4)
        for found, computed in rows:
            self.assertEqual(found, computed)

    def test_collected_changes_become_what_the_postings_come_to(self):
        card, other = self._card(10), self._card(10)

        def resolve(changes):
            self.assertEqual(changes, {card: 50000, other: 0})
            return [{"card": card, "points": 2, "kind": "earn"}]

        with self.env["loyalty.card"]._collect_points(resolve):
            card.points += 5
            other.points += 5
            other.points -= 5
        self.assertEqual((card.points, other.points), (12, 10))
        self._assert_sound()

    def test_an_error_in_a_collecting_block_leaves_nobody_collecting(self):
        card = self._card(10)
        collecting = self.env["loyalty.card"]._collect_points(lambda changes: [])
        with self.assertRaises(ZeroDivisionError), collecting:
            raise ZeroDivisionError
        card.points += 1
        self.assertEqual(len(card.crm_loyalty_entry_ids), 2)

    # Preloaded cards

    def test_what_was_read_ahead_is_posted_on_without_reading_again(self):
        card = self._card(10)
        self.env.flush_all()
        self.env.invalidate_all()
        values = {"card": card, "points": -4, "kind": "burn", "key": "a"}
        with self._collect(card, ["a"], values):
            card.points -= 4
            self.program._get_loyalty_today()
            before = self.env.cr.sql_log_count
            self.assertEqual(card.crm_loyalty_points_available, 10)
            self.assertEqual(self.env.cr.sql_log_count, before)
        self.assertEqual(card.points, 6)
        self._assert_sound()

    def test_what_was_read_ahead_is_read_again_when_it_does_not_suffice(self):
        card, other = self._card(10), self._card(10)
        for values in (
            {"card": other, "points": -4, "kind": "burn", "key": "a"},
            {"card": card, "points": -4, "kind": "burn", "key": "b"},
        ):
            values["card"]._post_points(-1, "burn", key="a")
            with self._collect(card, ["a"], values):
                pass
        # A key that is posted already is not posted again.
        self.assertEqual((card.points, other.points), (5, 9))
        self._assert_sound()

    def test_a_posting_in_between_makes_what_was_read_ahead_old(self):
        card = self._card(10)
        values = {"card": card, "points": -4, "kind": "burn", "key": "a"}
        with self._collect(card, ["a"], values):
            card._post_points(-3, "burn")
            self.assertEqual(card.crm_loyalty_points_available, 7)
        self.assertEqual(card.points, 3)
        self.assertEqual(card.crm_loyalty_lot_ids.remaining, 3)
        self._assert_sound()

    def _collect(self, card, keys, values):
        return self.env["loyalty.card"]._collect_points(
            lambda changes: [values], cards=card, keys=keys
        )
