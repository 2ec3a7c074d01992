"""Moves by hand among purchases and runs, against an oracle.

Random purchases, moves by hand and days with a run. The history of each customer must
be that of `oracle_cdnow.live`, and what users are notified of after a move by hand must
be what the oracle's rules do on the day on which the hold ends.
"""

from datetime import date, datetime, time, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.fields import Command
from odoo.tests import TransactionCase, tagged

from odoo.addons.crm_lifecycle.run.outlook import get_outlook

from tests import oracle_cdnow as oracle
from tests.thorough import THOROUGH, rounds

START = date(2025, 1, 6)
CODES = ("prospect", "first_deal", "growing", "loyal", "churned")
CUSTOMERS = 3

steps = st.lists(
    st.tuples(
        st.sampled_from((1, 1, 2, 3, 5, 8, 30, 90)),  # days since the previous step
        st.lists(st.integers(0, CUSTOMERS - 1), max_size=3),  # who buys
        st.dictionaries(  # who is moved by hand, and where
            st.integers(0, CUSTOMERS - 1), st.sampled_from(CODES), max_size=CUSTOMERS
        ),
        st.sampled_from(("changes", "full", "quick", None)),  # the run of the day
    ),
    min_size=5,
    max_size=25,
)


@tagged("post_install", "-at_install")
class TestHold(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.env["crm.lifecycle"].search([]).write({"state": "archived"})
        cls.company = cls.env["res.company"].create(
            {"name": "Holds", "lifecycle_tz": "UTC"}
        )
        cls.env = cls.env["res.company"].with_company(cls.company).env
        cls.product = cls.env["product.product"].create(
            {"name": "Thing", "type": "service", "taxes_id": [Command.clear()]}
        )
        cls.lifecycle = cls.env["crm.lifecycle.template"]._instantiate(
            "growth", cls.company
        )
        cls.lifecycle.write({"state": "active", "activation_date": "2025-01-01"})
        cls.stages = {stage.code: stage for stage in cls.lifecycle.stage_ids}
        cls.today = START
        cls.classPatch(type(cls.company), "_lifecycle_today", lambda company: cls.today)

    @settings(
        max_examples=rounds(15, 1000),
        deadline=None,
        derandomize=not THOROUGH,
        suppress_health_check=list(HealthCheck),
    )
    @given(steps, st.integers(1, 10))
    def test_each_move_is_the_oracle_s(self, days, hold):
        with self.env.cr.savepoint() as savepoint:
            self._live(days, hold)
            savepoint.rollback()
        self.env.invalidate_all()

    def _live(self, days, hold):
        type(self).today = START
        self.company.lifecycle_hold_days = hold
        self.partners = self.env["res.partner"].create(
            [{"name": f"Customer {n}"} for n in range(CUSTOMERS)]
        )
        purchases = {n: [] for n in range(CUSTOMERS)}
        by_hand = {n: {} for n in range(CUSTOMERS)}
        runs = []
        for gap, buyers, choices, kind in [*days, (10, [], {}, "changes")]:
            type(self).today += timedelta(days=gap)
            for number in buyers:
                self._buy(self.partners[number])
                purchases[number].append((self.today, 100))
            for number, code in choices.items():
                by_hand[number][self.today] = code
                self._choose(self.partners[number], code, purchases[number], hold)
            if kind:
                runs.append(self.today)
                self._run(kind)
        for number, partner in enumerate(self.partners):
            expected = oracle.live(purchases[number], runs, by_hand[number], hold)
            self.assertEqual(self._get_moves(partner), expected)

    def _buy(self, partner):
        order = self.env["sale.order"].create(
            {
                "partner_id": partner.id,
                "company_id": self.company.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.product.id,
                            "price_unit": 1,
                            "tax_ids": [Command.clear()],
                        }
                    )
                ],
            }
        )
        order.action_confirm()
        order.date_order = datetime.combine(self.today, time(12))

    def _choose(self, partner, code, purchases, hold):
        """Move a customer by hand, and check what staff are notified of."""
        profile = self._get_profile(partner)
        if not profile.stage_id or profile.stage_id.code == code:
            return
        profile.stage_id = self.stages[code]
        day = self.today + timedelta(days=hold)
        self.assertEqual(profile.held_until, day)
        # The notice knows the facts of the last run only.
        known = [item for item in purchases if item[0] <= profile.facts_as_of]
        facts = oracle.get_facts(known, day)
        expected = oracle.get_next_stage(code, facts, day)
        move = get_outlook(profile).get(profile.id)
        self.assertEqual(move and move.stage.code, expected)
        self.assertEqual(move and move.day, expected and day)

    def _run(self, kind):
        options = {"changes": {}, "full": {"full": True}, "quick": {"quick": True}}
        self.env.flush_all()
        if kind == "quick":
            # A quick run only evaluates customers who are due.
            self._get_profile(self.partners)._mark_pending(review=True)
        self.env["crm.lifecycle"]._run(self.company, self.today, **options[kind])
        self.env.flush_all()
        # The test is one transaction: backdate what this run has seen.
        for table in ("sale_order", "sale_order_line", "res_partner"):
            self.env.cr.execute(f"UPDATE {table} SET write_date = '2020-01-01'")
        self.env.invalidate_all()

    def _get_profile(self, partners):
        return self.env["crm.lifecycle.profile"].search(
            [
                ("partner_id", "in", partners.ids),
                ("company_id", "=", self.company.id),
            ]
        )

    def _get_moves(self, partner):
        rows = self._get_profile(partner).history_ids.sorted("id")
        return [
            (
                row.date,
                row.to_stage_id.code,
                row.origin == "manual",
                row.hold_days or None,
            )
            for row in rows
        ]
