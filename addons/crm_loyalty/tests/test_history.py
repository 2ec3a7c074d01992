"""The ledger as rows of Odoo 20's history: each card has the same balance there.

On Odoo 20 the points of a card are the rows that count: an award until its last day,
what draws on it as long, and what draws on none forever. `_count` is that rule.
"""

import csv
import io
import random
from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..engine import history
from ..engine.ledger import to_units
from .common import TODAY, LedgerCase


@tagged("post_install", "-at_install")
class TestHistory(LedgerCase):
    def _export(self, cards, user=None):
        """Return the rows of cards, of all cards that a user may read by default."""
        Entry = self.env["crm.loyalty.entry"]
        rows = Entry.with_user(user or self.env.user)._get_history_rows()
        return [row for row in rows if row["card_id"] in cards.ids]

    def _get_parts(self, rows):
        """Return ``[(issued, used, award that is drawn on)]``, awards by their number.

        Rows that award come first, so that a row names a number before it.
        """
        numbers = {row["id"]: number for number, row in enumerate(rows)}
        return [
            (row["issued"], row["used"], numbers.get(row["linked_loyalty_history_id"]))
            for row in rows
        ]

    def _count(self, rows, day):
        """Return the units that count on a day, as Odoo 20 does."""
        last = {row["id"]: row["expiration_date"] for row in rows}
        return sum(
            to_units(row["issued"]) - to_units(row["used"])
            for row in rows
            if not any(
                until and until < day
                for until in (
                    row["expiration_date"],
                    last.get(row["linked_loyalty_history_id"]),
                )
            )
        )

    def _get_left(self, rows):
        """Return the units that are left of each award, and those that are owed."""
        left = {row["id"]: to_units(row["issued"]) for row in rows}
        for row in rows:
            left[row["linked_loyalty_history_id"] or row["id"]] -= to_units(row["used"])
        return {key: units for key, units in left.items() if units}

    def _assert_same(self, cards, user=None):
        """The rows have the balance of each card, by their sum and as Odoo counts.

        They are such as Odoo 20 takes, and what is left of each award is the same.
        """
        self._expire()
        rows = self._export(cards, user)
        day = self.program._get_loyalty_today()
        for row in rows:
            self.assertTrue(row["description"])
            self.assertGreaterEqual(min(row["issued"], row["used"]), 0)
            self.assertEqual(bool(row["issued"]), not row["used"])
        for card in cards:
            own = [row for row in rows if row["card_id"] == card.id]
            total = sum(to_units(row["issued"]) - to_units(row["used"]) for row in own)
            self.assertEqual(total, to_units(card.points))
            self.assertEqual(self._count(own, day), to_units(card.points))
            lots = {
                f"crm_loyalty_entry_{lot.id}": to_units(lot.remaining)
                for lot in card.crm_loyalty_lot_ids
            }
            self.assertEqual(self._get_left(own), lots)
        return rows

    def _expire(self):
        self.env["loyalty.card"]._expire_points(as_of=self.program._get_loyalty_today())
        self.env.invalidate_all()

    # ------------------------------------------------------------
    # Each kind of entry
    # ------------------------------------------------------------

    def test_what_is_spent_draws_on_the_awards_that_it_took_from(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        card = self._card(10)
        self._on(5)
        order = self.env["res.partner"].create({"name": "No order"})
        card._post_points(5, "earn", source=order)
        self._on(6)
        card._post_points(-12, "burn")
        rows = self._assert_same(card)
        self.assertEqual(
            self._get_parts(rows),
            [(10, 0, None), (5, 0, None), (0, 10, 0), (0, 2, 1)],
        )
        self.assertEqual(
            [row["description"] for row in rows],
            ["Opening balance", "Earned", "Spent", "Spent"],
        )
        days = [row["points_changed_date"].date() for row in rows]
        self.assertEqual([(day - TODAY).days for day in days], [0, 5, 6, 6])
        self.assertEqual(
            [row["expiration_date"] for row in rows],
            [TODAY + timedelta(days=30), TODAY + timedelta(days=35), None, None],
        )
        # Odoo's history knows orders; another document means nothing there.
        self.assertFalse(any(row["order_model"] or row["order_id"] for row in rows))

    def test_pending_points_are_in_the_balance(self):
        card = self._card()
        card._post_points(6, "earn", available_date=False)
        card._post_points(4, "earn", available_date=TODAY + timedelta(days=9))
        self.assertEqual(card.crm_loyalty_points_available, 0)
        self.assertEqual(
            self._get_parts(self._assert_same(card)), [(6, 0, None), (4, 0, None)]
        )

    def test_what_expired_draws_on_the_award_that_is_over(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        card = self._card(10)
        self._on(10)
        card._post_points(7, "bonus", reason="Birthday")
        card._post_points(-4, "burn")
        self._on(31)
        rows = self._assert_same(card)
        self.assertEqual(card.points, 7)
        self.assertEqual(
            self._get_parts(rows),
            [(10, 0, None), (7, 0, None), (0, 4, 0), (0, 6, 0)],
        )
        self.assertEqual(rows[1]["description"], "Birthday")
        self._on(41)
        self._assert_same(card)
        self.assertEqual(card.points, 0)

    def test_before_the_nightly_job_only_the_sum_is_the_balance(self):
        """Odoo stops counting an award by itself; here the job takes it off."""
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        card = self._card(10)
        self._on(31)
        rows = self._export(card)
        self.assertEqual(sum(row["issued"] - row["used"] for row in rows), 10)
        self.assertEqual(self._count(rows, self.program._get_loyalty_today()), 0)

    def test_points_that_are_given_back_are_no_second_award(self):
        """They would be there to spend along with the lot that they went back to."""
        card = self._card(10)
        burn = card._post_points(-8, "burn")
        back = {"card": card, "kind": "reverse", "origin": burn}
        card._post_many([{**back, "points": 3}])
        self.assertEqual(
            self._get_parts(self._assert_same(card)), [(10, 0, None), (0, 5, 0)]
        )
        card._post_many([{**back, "points": 5}])
        self.assertEqual(self._get_parts(self._assert_same(card)), [(10, 0, None)])
        card._post_points(-9, "burn")
        self.assertEqual(
            self._get_parts(self._assert_same(card)), [(10, 0, None), (0, 9, 0)]
        )

    def test_earned_points_that_are_taken_back_draw_on_their_own_award(self):
        card = self._card(10)
        earn = card._post_points(6, "earn")
        back = {"card": card, "kind": "reverse", "origin": earn}
        card._post_many([{**back, "points": -2}])
        card._post_many([{**back, "points": -4}])
        # The last return was a mistake.
        card._post_many([{**back, "points": 1}])
        self.assertEqual(
            self._get_parts(self._assert_same(card)),
            [(10, 0, None), (6, 0, None), (0, 2, 1), (0, 3, 1)],
        )

    def test_a_debt_draws_on_no_award_until_one_pays_it(self):
        card = self._card(3)
        card._post_points(-5, "reverse")
        self.assertEqual(card.points, -2)
        self.assertEqual(
            self._get_parts(self._assert_same(card)),
            [(3, 0, None), (0, 2, None), (0, 3, 0)],
        )
        card._post_points(6, "earn")
        self.assertEqual(
            self._get_parts(self._assert_same(card)),
            [(3, 0, None), (6, 0, None), (0, 3, 0), (0, 2, 1)],
        )

    def test_adjustments(self):
        card = self._card(10)
        for points in (5, -7):
            adjustment = self.env["crm.loyalty.adjustment"].create(
                {"card_id": card.id, "points": points, "reason": "Between us"}
            )
            adjustment.action_ask()
        self.assertEqual(card.points, 8)
        rows = self._assert_same(card)
        # What staff wrote stays with them.
        self.assertEqual(
            {row["description"] for row in rows}, {"Opening balance", "Adjusted"}
        )

    def test_a_merge_leaves_an_archived_card_with_nothing(self):
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        source, target = self._card(10), self._card(7)
        other = self._card(2)
        other._post_points(-5, "reverse")
        partners = (source | target | other).partner_id
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            partners.ids, target.partner_id
        )
        self.env.invalidate_all()
        self.assertEqual(source.active, False)
        cards = source | target | other
        self.assertEqual(cards.mapped("points"), [0, 14, 0])
        rows = self._assert_same(cards)
        self.assertEqual({row["card_id"] for row in rows}, set(cards.ids))
        self._on(31)
        self._assert_same(cards)
        self.assertEqual(cards.mapped("points"), [0, 0, 0])

    # ------------------------------------------------------------
    # All of them
    # ------------------------------------------------------------

    def test_any_postings_have_equal_balances(self):
        """Two hundred postings of all kinds on two cards, by chance but always so."""
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 20}
        )
        chance = random.Random(20)
        cards = self._card(5) | self._card()
        posted = {card: [] for card in cards}
        for step in range(200):
            if step % 10 == 9:
                self._on(step // 3)
                self._assert_same(cards)
            card = chance.choice(cards)
            points = chance.randint(1, 90_000) / 10_000
            kind = chance.choice(("earn", "bonus", "take", "back", "pending"))
            values = {"card": card, "points": points, "kind": "earn"}
            if kind == "bonus":
                values["expiration_date"] = False
            elif kind == "pending":
                values["available_date"] = False
            elif kind == "take":
                values |= {"points": -points, "kind": "reverse", "shortage": "debt"}
            elif kind == "back" and posted[card]:
                origin = chance.choice(posted[card])
                values |= {
                    "points": -origin.points / chance.choice((1, 2, 3)),
                    "kind": "reverse",
                    "shortage": "debt",
                    "origin": origin,
                }
            entry = card._post_many([values])
            if kind != "back":
                posted[card].append(entry)
        self._assert_same(cards)
        self._assert_sound()

    def test_run_twice_the_rows_are_the_same(self):
        card = self._card(10)
        burn = card._post_points(-8, "burn")
        card._post_many(
            [{"card": card, "kind": "reverse", "origin": burn, "points": 3}]
        )
        self.assertEqual(self._export(card), self._export(card))
        self.assertEqual(self._write(), self._write())

    def test_the_file_names_each_row_and_its_award(self):
        card = self._card(10)
        burn = card._post_points(-8, "burn")
        lines = list(csv.DictReader(io.StringIO(self._write())))
        own = [line for line in lines if line["card_id/.id"] == str(card.id)]
        self.assertEqual(list(own[0]), list(history.COLUMNS.values()))
        award = (
            f"crm_loyalty_entry_{card.crm_loyalty_entry_ids.sorted('sequence')[0].id}"
        )
        self.assertEqual(
            [
                (
                    line["id"],
                    line["linked_loyalty_history_id/id"],
                    line["issued"],
                    line["used"],
                )
                for line in own
            ],
            [
                (award, "", "10.0", "0.0"),
                (
                    f"crm_loyalty_consumption_{burn.consumed_ids.id}",
                    award,
                    "0.0",
                    "8.0",
                ),
            ],
        )

    def _write(self):
        file = io.StringIO()
        count = self.env["crm.loyalty.entry"]._write_history(file)
        self.assertEqual(file.getvalue().count("\r\n"), count + 1)
        return file.getvalue()

    # ------------------------------------------------------------
    # Who
    # ------------------------------------------------------------

    def test_users_get_the_cards_of_their_companies(self):
        there = self.env["res.company"].create({"name": "There"})
        card = self._card(10)
        shared = self._card(
            4,
            self._program(
                "Shared", company_id=False, currency_id=self.company.currency_id.id
            ),
        )
        other = self._card(7, self._program("There", company_id=there.id))
        archived = self._card(3)
        archived.active = False
        cards = card | shared | other | archived
        self.env.flush_all()
        self._assert_same(cards)
        for user in (self.seer, self.manager):
            found = {row["card_id"] for row in self._export(cards, user)}
            self.assertEqual(found, set((card | shared | archived).ids))
        both = new_test_user(
            self.env,
            "both",
            groups="crm_loyalty.group_points_manager",
            company_id=there.id,
            company_ids=[Command.set((there | self.company).ids)],
        )
        rows = (
            self.env["crm.loyalty.entry"]
            .with_user(both)
            .with_context(allowed_company_ids=(there | self.company).ids)
            ._get_history_rows()
        )
        self.assertLessEqual(set(cards.ids), {row["card_id"] for row in rows})

    def test_who_may_not_read_the_ledger_gets_no_rows(self):
        self._card(10)
        portal = new_test_user(self.env, "porter", groups="base.group_portal")
        for user in (self.nobody, portal):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self._export(self.env["loyalty.card"], user)

    def test_one_query_whatever_the_number_of_cards(self):
        cards = self._card(10)
        self._export(cards)
        with self.assertQueryCount(1):
            self._export(cards)
        for _ in range(20):
            card = self._card(10)
            card._post_points(-3, "burn")
            cards |= card
        self.env.flush_all()
        with self.assertQueryCount(1):
            self._export(cards)
