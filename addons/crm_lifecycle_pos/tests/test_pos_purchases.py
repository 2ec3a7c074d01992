from datetime import time, timedelta

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import TillCase


@tagged("post_install", "-at_install")
class TestPosPurchases(TillCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._rule(cls.customer, [("order_count", ">", 0)], cls.prospect)
        cls.ada = cls._partner()

    def test_a_customer_of_the_till_has_a_profile_and_a_stage(self):
        self._sell(self._line(2, 10), partner=self.ada, days_ago=7)
        self._run()
        profile = self._profile(self.ada)
        self.assertRecordValues(
            profile,
            [
                {
                    "stage_id": self.customer.id,
                    "first_seen_date": TODAY - timedelta(days=7),
                    "first_order_date": TODAY - timedelta(days=7),
                    "last_order_date": TODAY - timedelta(days=7),
                    "order_count": 1,
                    "order_total": 20,
                }
            ],
        )

    def test_an_order_counts_without_taxes(self):
        self._sell(self._line(1, 12, amount=10, incl=12), partner=self.ada)
        self.assertEqual(self._facts(self.ada, "order_total"), 10)

    def test_a_draft_or_cancelled_order_does_not_count(self):
        self._run()
        self._sell(10, partner=self.ada, state="draft")
        cancelled = self._sell(20, partner=self.ada, state="draft")
        cancelled.with_user(self.cashier).action_pos_order_cancel()
        self._run()
        self.assertFalse(self._ledger(self.ada))

    def test_a_draft_that_is_paid_later_counts(self):
        draft = self._sell(10, partner=self.ada, state="draft", days_ago=2)
        self._run()
        self.assertFalse(self._ledger(self.ada))
        payment = {"pos_order_id": draft.id, "payment_method_id": self.card.id}
        order = draft.with_user(self.cashier)
        order.add_payment({**payment, "amount": 10})
        order.action_pos_order_paid()
        self._run(quick=True)
        self.assertEqual(self._ledger(self.ada), [(2, 10)])
        self.assertEqual(self._profile(self.ada).stage_id, self.customer)

    def test_a_draft_that_is_deleted_leaves_nothing(self):
        draft = self._sell(10, partner=self.ada, state="draft")
        kept = self._sell(20, partner=self.ada)
        self._run()
        draft.with_user(self.cashier).unlink()
        self._run()
        self.assertEqual(self._ledger(self.ada), [(0, 20)])
        # An administrator who removes a paid order removes its purchase.
        self.env.cr.execute(
            "UPDATE pos_order SET state = 'cancel' WHERE id = %s", kept.ids
        )
        kept.invalidate_recordset()
        kept.unlink()
        self._run(quick=True)
        self.assertFalse(self._ledger(self.ada))

    def test_an_order_of_amount_0_does_not_count(self):
        self._sell(0, partner=self.ada)
        self._sell(self._line(1, 30), self._line(1, -30), partner=self.ada)
        self._run()
        self.assertFalse(self._ledger(self.ada))

    def test_a_discount_line_lowers_the_purchase(self):
        self._sell(self._line(1, 30), self._line(1, -10), partner=self.ada)
        self._run()
        self.assertEqual(self._ledger(self.ada), [(0, 20)])

    def test_an_offline_order_that_arrives_late_counts_on_its_own_day(self):
        self._sell(10, partner=self.ada, days_ago=1)
        self._run()
        self._sell(20, partner=self.ada, days_ago=9)
        self._run(quick=True)
        self.assertEqual(self._ledger(self.ada), [(9, 20), (1, 10)])
        first = TODAY - timedelta(days=9)
        self.assertEqual(self._profile(self.ada).first_order_date, first)

    def test_a_session_that_is_closed_days_later_changes_nothing(self):
        """Orders count on the company's day, whenever their session is closed."""
        self.company.lifecycle_tz = "Asia/Shanghai"
        self._sell(10, partner=self.ada, days_ago=5, moment=time(15, 59))
        self._sell(20, partner=self.ada, days_ago=5, moment=time(16))
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 10), (4, 20)])
        session = self._close()
        self.assertEqual(session.state, "closed")
        self.assertEqual(set(session.order_ids.mapped("state")), {"done"})
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 10), (4, 20)])

    def test_another_time_zone_moves_orders_to_other_days(self):
        self._sell(10, partner=self.ada, days_ago=5, moment=time(3))
        self._run()
        self.assertEqual(self._ledger(self.ada), [(5, 10)])
        self.company.lifecycle_tz = "America/New_York"
        self._run()
        self.assertEqual(self._ledger(self.ada), [(6, 10)])

    def test_an_anonymous_order_counts_from_when_it_has_a_customer(self):
        order = self._sell(10, days_ago=3)
        self._run_and_age()
        rows = self.env["crm.lifecycle.purchase"].search([("res_id", "=", order.id)])
        self.assertFalse(rows.filtered(lambda row: row.model == "pos.order"))
        order.with_user(self.cashier).partner_id = self.ada
        self._run(quick=True)
        self.assertEqual(self._ledger(self.ada), [(3, 10)])
        self.assertEqual(self._profile(self.ada).stage_id, self.customer)

    def test_an_order_goes_to_another_customer(self):
        bob = self._partner("Bob")
        order = self._sell(10, partner=self.ada, days_ago=3)
        refund = self._refund(order, partner=bob, days_ago=1)
        self._run_and_age()
        self.assertEqual(self._ledger(self.ada), [(3, 10), (1, -10)])
        order.with_user(self.cashier).partner_id = bob
        self.env.flush_all()  # as at the end of a request
        pending = self.env["crm.lifecycle.pending"].search([])
        self.assertLessEqual(
            {self.ada.id, bob.id}, set(pending.mapped("partner_res_id"))
        )
        self._run(quick=True)
        self.assertFalse(self._ledger(self.ada))
        self.assertEqual(self._ledger(bob), [(3, 10), (1, -10)])
        self.assertEqual(self._profile(self.ada).order_total, 0)
        refund.with_user(self.cashier).partner_id = self.ada
        self._run(quick=True)
        self.assertEqual(self._ledger(bob), [(3, 10), (1, -10)])

    def test_contacts_of_a_company_buy_for_it(self):
        parent = self._partner("Azure", is_company=True)
        child = self._partner("Brandon", parent_id=parent.id)
        self._sell(10, partner=parent, days_ago=2)
        self._sell(20, partner=child, days_ago=1)
        self._run()
        self.assertEqual(self._ledger(parent), [(2, 10), (1, 20)])
        self.assertFalse(self._profile(child))
        child.parent_id = False
        self._run()
        self.assertEqual(self._ledger(parent), [(2, 10)])
        self.assertEqual(self._ledger(child), [(1, 20)])

    def test_another_run_writes_nothing(self):
        order = self._sell(10, 20, partner=self.ada, days_ago=3)
        self._refund(order, days_ago=1)
        self._sell(-5, partner=self.ada)

        def read():
            self.env.flush_all()
            self.env.cr.execute(
                "SELECT xmin::text, id, date, amount FROM crm_lifecycle_purchase "
                "WHERE partner_id = %s ORDER BY id",
                self.ada.ids,
            )
            return self.env.cr.fetchall()

        self._run()
        self.env.cr.execute("SAVEPOINT a")  # later writes have another xmin
        before = read()
        self.assertEqual(len(before), 3)
        for full in (False, True):
            if full:
                self.env["crm.lifecycle.purchase.watermark"]._reset()
            self._run(full=full)
            self.assertEqual(read(), before)
        run = self._run()
        self.assertEqual(run.refreshed_count, 0)

    def test_orders_in_three_currencies(self):
        """Each order counts at its own rate, a refund at that of its order."""
        names = ("EUR", "GBP")
        currencies = self.env["res.currency"].with_context(active_test=False)
        currencies = currencies.search([("name", "in", names)])
        currencies.active = True
        totals = {}
        rates_by_name = {"EUR": (0.5, 0.4), "GBP": (2, 3)}
        for currency in currencies:
            for days, rate in zip((10, 1), rates_by_name[currency.name], strict=True):
                self.env["res.currency.rate"].create(
                    {
                        "currency_id": currency.id,
                        "company_id": self.company.id,
                        "name": TODAY - timedelta(days=days),
                        "rate": rate,
                    }
                )
            journal = self.env["account.journal"].create(
                {
                    "name": f"Till in {currency.name}",
                    "code": f"T{currency.name}",
                    "type": "sale",
                    "company_id": self.company.id,
                    "currency_id": currency.id,
                }
            )
            bank = self.env["account.journal"].create(
                {
                    "name": f"Bank in {currency.name}",
                    "code": f"B{currency.name}",
                    "type": "bank",
                    "company_id": self.company.id,
                    "currency_id": currency.id,
                }
            )
            self.card = self.env["pos.payment.method"].create(
                {
                    "name": currency.name,
                    "company_id": self.company.id,
                    "journal_id": bank.id,
                }
            )
            pricelist = self.env["product.pricelist"].create(
                {
                    "name": currency.name,
                    "currency_id": currency.id,
                    "company_id": self.company.id,
                }
            )
            type(self).card = self.card
            till = self._create_till(
                currency.name,
                journal_id=journal.id,
                use_pricelist=True,
                available_pricelist_ids=[Command.set(pricelist.ids)],
                pricelist_id=pricelist.id,
            )
            partner = self._partner(currency.name)
            order = self._sell(100, partner=partner, days_ago=5, till=till)
            self._refund(order, till=till)
            totals[currency.name] = partner
        self._run()
        self.assertEqual(self._ledger(totals["EUR"]), [(5, 200), (0, -200)])
        self.assertEqual(self._ledger(totals["GBP"]), [(5, 50), (0, -50)])
