from datetime import date, time, timedelta

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import InvoiceCase, SaleLifecycleCase

YEAR_AGO = (TODAY - date(2025, 3, 2)).days


@tagged("post_install", "-at_install")
class TestOrderFacts(SaleLifecycleCase):
    def _facts(self, partner, *names, as_of=TODAY):
        self._run(as_of)
        profile = self._profile(partner)
        values = tuple(profile[name] for name in names)
        return values if len(names) > 1 else values[0]

    def test_facts_of_three_orders(self):
        partner = self._partner()
        self._order(partner, 100, days_ago=400)
        self._order(partner, 50, days_ago=200)
        self._order(partner, 25.5, days_ago=20)
        self._run()
        profile = self._profile(partner)
        self.assertRecordValues(
            profile,
            [
                {
                    "first_seen_date": TODAY - timedelta(days=400),
                    "first_order_date": TODAY - timedelta(days=400),
                    "last_order_date": TODAY - timedelta(days=20),
                    "order_count": 3,
                    "purchase_day_count": 3,
                    "order_total": 175.5,
                    "order_total_6m": 25.5,
                    "order_total_12m": 75.5,
                    "order_total_prev_12m": 100,
                    "average_order_value": 58.5,
                    "order_interval_days": 190,
                    "order_trend": 0,
                    "order_trend_6m": -0.49,
                    "quotation_count": 0,
                }
            ],
        )

    def test_one_order_has_no_rhythm_and_no_trend(self):
        partner = self._partner()
        self._order(partner)
        self._order(partner, moment=time(15))
        self._run()
        self.env.cr.execute(
            "SELECT order_interval_days, order_trend, order_trend_6m, "
            "order_total_prev_12m::int, purchase_day_count "
            "FROM crm_lifecycle_profile WHERE id = %s",
            [self._profile(partner).id],
        )
        self.assertEqual(self.env.cr.fetchone(), (None, None, None, 0, 1))

    def test_the_window_of_twelve_months(self):
        for days, expected in [
            (YEAR_AGO - 1, (100, 0)),
            (YEAR_AGO, (0, 100)),
            (YEAR_AGO + 1, (0, 100)),
        ]:
            partner = self._partner()
            self._order(partner, days_ago=days)
            with self.subTest(days=days):
                self.assertEqual(
                    self._facts(partner, "order_total_12m", "order_total_prev_12m"),
                    expected,
                )

    def test_an_order_leaves_the_window_by_itself(self):
        partner = self._partner()
        self._order(partner, days_ago=YEAR_AGO - 1)
        self._order(partner, 10)
        self.assertEqual(self._facts(partner, "order_total_12m"), 110)
        run = self._run(TODAY + timedelta(days=1))
        self.assertEqual(run.refreshed_count, 1)
        self.assertEqual(self._profile(partner).order_total_12m, 10)
        self.assertEqual(self._profile(partner).order_total_prev_12m, 100)
        run = self._run(TODAY + timedelta(days=2))
        self.assertEqual(run.refreshed_count, 0)

    def test_days_pass_without_counting_anew(self):
        """Amounts that leave a window are subtracted without a refresh."""
        partner = self._partner()
        self._order(partner, 70, days_ago=2 * 365 - 1)
        self._order(partner, 100, days_ago=YEAR_AGO - 2)
        self._order(partner, 10)
        self._run()
        self.env.cr.execute("UPDATE sale_order SET write_date = '2020-01-01'")
        self.env.cr.execute("UPDATE res_partner SET write_date = '2020-01-01'")
        names = ("order_total_12m", "order_total_prev_12m", "order_trend")
        for days, expected in [
            (1, (110, 0, 0)),
            (2, (10, 100, -0.9)),
            (3, (10, 100, -0.9)),
        ]:
            run = self._run(TODAY + timedelta(days=days))
            self.assertEqual(run.profile_count, 0)
            profile = self._profile(partner)
            self.assertEqual(tuple(profile[name] for name in names), expected)
        self.assertEqual(self._run(run.as_of, full=True).refreshed_count, 0)

    def test_days_pass_once(self):
        """After a quick run on the same day, a second run finds nothing."""
        partner = self._partner()
        self._order(partner, 100, days_ago=YEAR_AGO - 1)
        self._run()
        self.env.cr.execute("UPDATE sale_order SET write_date = '2020-01-01'")
        tomorrow = TODAY + timedelta(days=1)
        self._profile(partner)._mark_pending()
        self._run(tomorrow, quick=True)
        for _again in range(2):
            self._run(tomorrow)
            self.assertEqual(self._profile(partner).order_total_prev_12m, 100)
            self.assertEqual(self._profile(partner).order_total_12m, 0)

    def test_facts_of_a_day_in_between_are_counted_anew(self):
        partner = self._partner()
        self._order(partner, 100, days_ago=YEAR_AGO - 1)
        self._order(partner, 50, days_ago=YEAR_AGO - 3)
        self._run()
        self.env.cr.execute("UPDATE sale_order SET write_date = '2020-01-01'")
        self._profile(partner)._mark_pending()
        self._run(TODAY + timedelta(days=2), quick=True)
        self.assertEqual(self._profile(partner).order_total_12m, 50)
        self._run(TODAY + timedelta(days=3))
        self.assertEqual(self._profile(partner).order_total_12m, 0)
        self.assertEqual(self._profile(partner).order_total_prev_12m, 150)

    def test_a_cancelled_order_is_no_order(self):
        partner = self._partner()
        orders = [self._order(partner), self._order(partner)]
        self.assertEqual(self._facts(partner, "order_count", "order_total"), (2, 200))
        orders[0]._action_cancel()
        self.assertEqual(self._facts(partner, "order_count", "order_total"), (1, 100))
        orders[0].action_draft()
        self.assertEqual(self._facts(partner, "order_count", "quotation_count"), (1, 1))

    def test_a_quotation_is_open_until_it_expires(self):
        partner = self._partner()
        self._order(partner, state="draft", validity_date=TODAY + timedelta(days=1))
        for days, count in [(0, 1), (1, 1), (2, 0)]:
            self.assertEqual(
                self._facts(
                    partner, "quotation_count", as_of=TODAY + timedelta(days=days)
                ),
                count,
            )

    def test_a_deleted_quotation_is_not_counted(self):
        partner = self._partner()
        self._order(partner)
        quotation = self._order(partner, state="draft")
        self.assertEqual(self._facts(partner, "quotation_count"), 1)
        quotation.unlink()
        self.assertEqual(self._facts(partner, "quotation_count"), 0)

    def test_an_order_given_to_another_customer(self):
        ada, bob = self._partner("Ada"), self._partner("Bob")
        order = self._order(ada, state="draft")
        self.assertEqual(self._facts(ada, "quotation_count"), 1)
        order.partner_id = bob
        self.assertEqual(self._facts(bob, "quotation_count"), 1)
        self.assertFalse(self._profile(ada).quotation_count)

    def test_an_order_still_to_come_counts_on_its_day(self):
        partner = self._partner()
        self._order(partner, days_ago=5)
        self._order(partner, 40, days_ago=-1)
        self.assertEqual(self._facts(partner, "order_total"), 100)
        self.assertEqual(
            self._facts(partner, "order_total", as_of=TODAY + timedelta(days=1)), 140
        )

    def test_days_of_orders_are_the_companys(self):
        self.company.lifecycle_tz = "Asia/Shanghai"
        partner = self._partner()
        self._order(partner, days_ago=1, moment=time(16))
        self.assertEqual(self._facts(partner, "last_order_date"), TODAY)

    def test_orders_of_a_contact_person_are_the_companys(self):
        acme = self._partner("Acme", is_company=True)
        self._order(self._partner("Bob", parent_id=acme.id))
        self.assertEqual(self._facts(acme, "order_count"), 1)

    def test_amounts_are_in_the_companys_currency(self):
        currency = self.env["res.currency"].create(
            {"name": "TST", "symbol": "T", "rounding": 0.01}
        )
        self.env["res.currency.rate"].create(
            {
                "currency_id": currency.id,
                "company_id": self.company.id,
                "name": "2020-01-01",
                "rate": 3.0,
            }
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "TST", "currency_id": currency.id, "company_id": self.company.id}
        )
        partner = self._partner()
        self._order(partner, 100, pricelist_id=pricelist.id)
        self.assertEqual(self._facts(partner, "order_total"), 33.33)

    def test_another_companys_orders_do_not_count(self):
        other = self.env["res.company"].create({"name": "Other"})
        partner = self._partner(company_id=False)
        self._order(partner)
        self._order(partner, company_id=other.id)
        self.assertEqual(self._facts(partner, "order_count"), 1)

    def test_a_return_order_is_taken_off_and_is_no_purchase(self):
        partner = self._partner()
        self._order(partner, 100, days_ago=10)
        self._order(partner, -40, days_ago=5)
        self.assertEqual(
            self._facts(partner, "order_count", "order_total", "last_order_date"),
            (1, 60, TODAY - timedelta(days=10)),
        )

    def test_what_is_not_known_is_not_zero(self):
        """A rule on an amount does not apply to customers with an unknown amount."""
        self._rule(self.risk, [("order_trend", "<=", 0.5)], self.prospect)
        new, shrinking = self._partner("New"), self._partner("Shrinking")
        self._order(new, 100, days_ago=400)
        self._order(new, 10)
        self._order(shrinking, 1, days_ago=731)
        self._order(shrinking, 100, days_ago=400)
        self._order(shrinking, 60)
        self._run()
        self.assertEqual(self._profile(new).stage_id, self.prospect)
        self.assertEqual(self._profile(shrinking).stage_id, self.risk)

    def test_facts_are_on_contacts_too(self):
        partner = self._partner()
        self._order(partner, 80)
        self._run()
        self.assertEqual(partner.lifecycle_order_total, 80)
        found = self.env["res.partner"].search(
            [("lifecycle_order_count", ">", 0), ("id", "=", partner.id)],
            order="lifecycle_last_order_date",
        )
        self.assertEqual(found, partner)


@tagged("post_install", "-at_install")
class TestCreditNotes(InvoiceCase):
    def test_a_credit_note_is_taken_off_on_its_day(self):
        partner = self._partner()
        order = self._order(partner, 100, days_ago=20)
        self._refund(order, 30, days_ago=5)
        for days_ago, total in [(6, 100), (5, 70), (0, 70)]:
            self._run(TODAY - timedelta(days=days_ago))
            self.assertEqual(self._profile(partner).order_total, total)
        self.assertEqual(self._profile(partner).order_count, 1)

    def test_a_posted_credit_note_stands_in_the_timeline(self):
        partner = self._partner()
        note = self._refund(self._order(partner, 100, days_ago=20), 30, days_ago=5)
        note.invoice_user_id = self.salesperson
        self._run()
        profile = self.env["crm.lifecycle.profile"].with_user(self.salesperson)

        def told():
            self.env.flush_all()
            events = profile.get_timeline("res.partner", partner.id)["events"]
            return [
                (event["label"], event["title"], event["amount"])
                for event in events
                if event["res_model"] == "account.move"
            ]

        self.assertEqual(told(), [("Credit note", note.name, -30)])
        note.button_draft()
        self.assertFalse(told())

    def test_a_draft_credit_note_is_not(self):
        partner = self._partner()
        order = self._order(partner, 100, days_ago=20)
        note = self._refund(order, 30)
        self._run()
        self.assertEqual(self._profile(partner).order_total, 70)
        note.button_draft()
        self._run()
        self.assertEqual(self._profile(partner).order_total, 100)

    def test_a_deleted_credit_note_gives_the_amount_back(self):
        partner = self._partner()
        order = self._order(partner, 100, days_ago=20)
        note = self._refund(order, 30)
        self._run()
        note.button_draft()
        note.name = "/"
        note.unlink()
        self._run()
        self.assertEqual(self._profile(partner).order_total, 100)
