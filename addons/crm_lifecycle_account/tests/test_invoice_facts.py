from datetime import timedelta

from odoo.fields import Command
from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import AccountLifecycleCase


@tagged("post_install", "-at_install")
class TestInvoiceFacts(AccountLifecycleCase):
    def test_facts_of_two_invoices_a_credit_note_and_a_payment(self):
        partner = self._partner()
        first = self._invoice(partner, 100, days_ago=60, due=30, taxed=True)
        self._invoice(partner, 50, days_ago=20, due=30, taxed=True)
        self._credit_note(partner, 10, days_ago=10, taxed=True)
        self._pay(partner, 40, days_ago=5, on=first)
        self._run()
        self.assertRecordValues(
            self._profile(partner),
            [
                {
                    "first_seen_date": self._day(60),
                    "invoice_count": 2,
                    "last_invoice_date": self._day(20),
                    "invoiced_total": 140,
                    "credit_note_total": 10,
                    "paid_total": 40,
                    "last_payment_date": self._day(5),
                    "balance_due": 128,
                    "overdue_amount": 68,  # 120 - 40 paid - 12 credited
                    "overdue_since": self._day(30),
                }
            ],
        )

    def test_an_invoice_makes_a_customer_and_a_draft_does_not(self):
        partner = self._partner()
        invoice = self._invoice(partner, post=False)
        self._run()
        self.assertFalse(self._profile(partner))
        invoice.action_post()
        self._run()
        self.assertEqual(self._profile(partner).first_seen_date, TODAY)

    def test_a_supplier_is_no_customer(self):
        partner = self._partner()
        self.env["account.journal"].create(
            {
                "name": "Purchases",
                "code": "PUR",
                "type": "purchase",
                "company_id": self.company.id,
                "default_account_id": self.books[self.company]["loss"].id,
            }
        )
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": partner.id,
                "invoice_date": TODAY,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": "Paper",
                            "price_unit": 10,
                            "tax_ids": [Command.clear()],
                            "account_id": self.books[self.company]["loss"].id,
                        }
                    )
                ],
            }
        )
        bill.action_post()
        self._run()
        self.assertFalse(self._profile(partner))

    def test_who_was_never_invoiced_owes_nothing_and_the_rest_is_not_known(self):
        profile = self._customer()
        self.env.cr.execute(
            "SELECT balance_due::int, overdue_amount::int, overdue_since, "
            "invoiced_total, paid_total, invoice_count "
            "FROM crm_lifecycle_profile WHERE id = %s",
            [profile.id],
        )
        self.assertEqual(self.env.cr.fetchone(), (0, 0, None, None, None, 0))

    def test_an_invoice_is_overdue_from_the_day_after_it_was_due(self):
        partner = self._partner()
        self._invoice(partner, 100, days_ago=10, due=10)
        for days, amount, since in [(-1, 0, False), (0, 0, False), (1, 100, TODAY)]:
            with self.subTest(days=days):
                self.assertEqual(
                    self._facts(
                        partner,
                        "overdue_amount",
                        "overdue_since",
                        as_of=TODAY + timedelta(days=days),
                    ),
                    (amount, since),
                )
                self._forget()

    def test_an_entry_without_terms_is_overdue_from_the_day_after_it(self):
        partner = self._partner()
        self._invoice(partner, 100, due=90)
        payment = self._pay(partner, 100)
        self.assertEqual(self._facts(partner, "balance_due"), 0)
        given_back = payment._reverse_moves([{"date": TODAY}])
        given_back.action_post()
        given_back.line_ids.date_maturity = False
        self.assertEqual(self._facts(partner, "overdue_amount"), 0)
        self._forget()
        self.assertEqual(
            self._facts(partner, "balance_due", as_of=TODAY + timedelta(days=1)), 100
        )

    def test_what_was_owed_on_a_day_is_not_what_is_owed_now(self):
        """A payment counts from its day, whenever the facts are computed."""
        partner = self._partner()
        invoice = self._invoice(partner, 100, days_ago=40, due=10)
        self._pay(partner, 30, days_ago=20, on=invoice)
        self._pay(partner, 70, days_ago=5, on=invoice)
        self.assertEqual(invoice.payment_state, "paid")
        names = ("balance_due", "overdue_amount", "overdue_since", "paid_total")
        for days_ago, expected in [
            (40, (100, 0, False, 0)),
            (30, (100, 0, False, 0)),
            (29, (100, 100, self._day(30), 0)),
            (21, (100, 100, self._day(30), 0)),
            (20, (70, 70, self._day(30), 30)),
            (6, (70, 70, self._day(30), 30)),
            (5, (0, 0, False, 100)),
            (0, (0, 0, False, 100)),
        ]:
            with self.subTest(days_ago=days_ago):
                as_of = self._day(days_ago)
                self.assertEqual(self._facts(partner, *names, as_of=as_of), expected)
                self.assertEqual(self._run(as_of, full=True).refreshed_count, 0)
                self._forget()

    def test_a_payment_that_is_not_matched_covers_the_oldest_debt_first(self):
        partner = self._partner()
        self._invoice(partner, 100, days_ago=60, due=10)
        self._invoice(partner, 50, days_ago=40, due=10)
        names = ("balance_due", "overdue_amount", "overdue_since")
        self._pay(partner, 99, days_ago=3)
        self.assertEqual(self._facts(partner, *names), (51, 51, self._day(50)))
        self._pay(partner, 1, days_ago=2)
        self.assertEqual(self._facts(partner, *names), (50, 50, self._day(30)))
        self._pay(partner, 80, days_ago=1)
        self.assertEqual(self._facts(partner, *names), (-30, 0, False))

    def test_a_payment_in_advance_does_not_settle_twice(self):
        partner = self._partner()
        payment = self._pay(partner, 100, days_ago=30)
        invoice = self._invoice(partner, 100, days_ago=10)
        self._match(payment | invoice)
        self._customer("Other")
        for days_ago, balance in [(11, -100), (10, 0), (0, 0)]:
            self._profile(partner)._mark_pending()
            self.env["crm.lifecycle.pending"]._mark_pending(
                self.company, partners=partner
            )
            self._lead(days_ago=50, partner_id=partner.id)
            self.env.flush_all()
            self.env["crm.lifecycle.run"]._reset_watermark(self.company)
            self.env["crm.lifecycle.run"].sudo().search([]).unlink()
            self.assertEqual(
                self._facts(partner, "balance_due", as_of=self._day(days_ago)), balance
            )

    def test_matching_undone_is_seen(self):
        partner = self._partner()
        invoice = self._invoice(partner, 100, days_ago=40, due=10)
        payment = self._pay(partner, 100, days_ago=5, on=invoice)
        self.assertEqual(self._facts(partner, "balance_due"), 0)
        self._forget()
        payment.line_ids.remove_move_reconcile()
        payment.button_draft()
        self.assertEqual(self._facts(partner, "overdue_amount", "paid_total"), (100, 0))

    def test_a_payment_set_back_settles_nothing_though_it_stays_matched(self):
        """Matched across customers: the customer without a payment is refreshed too."""
        ada, bob = self._partner("Ada"), self._partner("Bob")
        self._invoice(bob, 1, days_ago=40, due=90)
        invoice = self._invoice(ada, 100, days_ago=40, due=10)
        payment = self._pay(bob, 100, days_ago=5, on=invoice)
        self.assertEqual(self._facts(ada, "balance_due", "paid_total"), (0, 0))
        self.assertEqual(self._facts(bob, "balance_due", "paid_total"), (1, 100))
        self._forget()
        payment.button_draft()
        self.env.cr.execute("DELETE FROM crm_lifecycle_pending")
        self.assertEqual(self._facts(ada, "overdue_amount"), 100)
        self.assertEqual(self._facts(bob, "balance_due", "paid_total"), (1, 0))

    def test_a_reversal_settles_an_invoice(self):
        partner = self._partner()
        invoice = self._invoice(partner, 100, days_ago=40, due=10)
        invoice._reverse_moves(
            [{"date": self._day(3), "invoice_date": self._day(3)}], cancel=True
        )
        names = ("invoiced_total", "credit_note_total", "balance_due", "invoice_count")
        self.assertEqual(
            self._facts(partner, *names, as_of=self._day(4)), (100, 0, 100, 1)
        )
        self._forget()
        self.assertEqual(
            self._facts(partner, *names, as_of=self._day(3)), (0, 100, 0, 1)
        )

    def test_an_invoice_set_back_or_cancelled_does_not_count(self):
        partner = self._partner()
        self._invoice(partner, 20)
        invoice = self._invoice(partner, 100)
        self.assertEqual(
            self._facts(partner, "invoiced_total", "balance_due"), (120, 120)
        )
        self._forget()
        invoice.button_draft()
        self.assertEqual(
            self._facts(partner, "invoiced_total", "balance_due"), (20, 20)
        )
        self._forget()
        invoice.button_cancel()
        self.assertEqual(self._facts(partner, "invoice_count"), 1)

    def test_a_deleted_invoice_does_not_count(self):
        partner = self._partner()
        self._invoice(partner, 20)
        invoice = self._invoice(partner, 100)
        self.assertEqual(self._facts(partner, "balance_due"), 120)
        self._forget()
        invoice.button_draft()
        self.env.cr.execute("DELETE FROM crm_lifecycle_pending")
        invoice.name = "/"
        invoice.unlink()
        self.assertEqual(self._facts(partner, "balance_due", "invoice_count"), (20, 1))

    def test_an_invoice_given_to_another_customer(self):
        ada, bob = self._partner("Ada"), self._partner("Bob")
        self._invoice(ada, 20)
        invoice = self._invoice(ada, 100)
        self.assertEqual(self._facts(ada, "invoiced_total", "balance_due"), (120, 120))
        invoice.button_draft()
        self._forget()
        invoice.partner_id = bob
        invoice.action_post()
        self.assertEqual(self._facts(bob, "invoiced_total", "balance_due"), (100, 100))
        self.assertEqual(self._facts(ada, "invoiced_total", "balance_due"), (20, 20))

    def test_an_entry_line_given_to_another_customer(self):
        ada, bob = self._partner("Ada"), self._partner("Bob")
        for partner in ada, bob:
            self._invoice(partner, 100)
        payment = self._pay(ada, 60)
        self.assertEqual(self._facts(ada, "balance_due"), 40)
        self._forget()
        payment.button_draft()
        payment.line_ids.partner_id = bob
        payment.action_post()
        self.assertEqual(self._facts(ada, "balance_due"), 100)
        self.assertEqual(self._facts(bob, "balance_due"), 40)

    def test_a_line_moved_off_the_receivable_account(self):
        partner = self._partner()
        self._invoice(partner, 100)
        payment = self._pay(partner, 60)
        self.assertEqual(self._facts(partner, "balance_due"), 40)
        self._forget()
        payment.button_draft()
        payment.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).account_id = self.books[self.company]["suspense"]
        payment.action_post()
        self.assertEqual(self._facts(partner, "balance_due"), 100)

    def test_an_account_that_becomes_receivable_has_everybody_counted_anew(self):
        partner = self._partner()
        self._invoice(partner, 100)
        self._run()
        run = self.env["crm.lifecycle.run"]._get_last_collected(self.company)
        self.assertTrue(run)
        suspense = self.books[self.company]["suspense"]
        suspense.write({"account_type": "asset_receivable", "reconcile": True})
        run = self.env["crm.lifecycle.run"]._get_last_collected(self.company)
        self.assertFalse(run)

    def test_an_invoice_still_to_come_counts_on_its_day(self):
        partner = self._partner()
        self._invoice(partner, 100, days_ago=5, due=30)
        self._invoice(partner, 40, days_ago=-1, due=30)
        names = ("invoiced_total", "balance_due")
        self.assertEqual(self._facts(partner, *names), (100, 100))
        self._forget()
        self.assertEqual(
            self._facts(partner, *names, as_of=TODAY + timedelta(days=1)), (140, 140)
        )

    def test_invoices_of_a_contact_person_are_the_companys(self):
        acme = self._partner("Acme", is_company=True)
        bob = self._partner("Bob", parent_id=acme.id)
        invoice = self._invoice(bob, 100)
        self._pay(bob, 30, on=invoice)
        names = ("invoice_count", "balance_due", "paid_total")
        self.assertEqual(self._facts(acme, *names), (1, 70, 30))
        self.assertFalse(self._profile(bob))

    def test_a_contact_who_joins_a_company_brings_their_debts(self):
        acme, bob = self._partner("Acme", is_company=True), self._partner("Bob")
        self._invoice(acme, 10)
        self._invoice(bob, 100)
        self.assertEqual(self._facts(acme, "balance_due"), 10)
        self._forget()
        bob.parent_id = acme
        self.assertEqual(self._facts(acme, "invoiced_total", "balance_due"), (110, 110))

    def test_amounts_are_in_the_companys_currency(self):
        """The difference of an exchange rate is booked with the last payment."""
        currency = self._currency([("2020-01-01", 4.0), (self._day(5), 5.0)])
        partner = self._partner()
        invoice = self._invoice(
            partner, 100, days_ago=10, currency_id=currency.id, taxed=True
        )
        names = ("invoiced_total", "balance_due", "paid_total")
        self.assertEqual(self._facts(partner, *names, as_of=self._day(6)), (25, 30, 0))
        self._pay(partner, 60, days_ago=4, on=invoice, currency=currency)
        self.assertEqual(self._facts(partner, *names, as_of=self._day(4)), (25, 18, 12))
        self._pay(partner, 60, days_ago=2, on=invoice, currency=currency)
        self.assertEqual(self._facts(partner, *names), (25, 0, 24))

    def _currency(self, rates):
        currency = self.env["res.currency"].create(
            {"name": "TST", "symbol": "T", "rounding": 0.01}
        )
        self.env["res.currency.rate"].create(
            [
                {
                    "currency_id": currency.id,
                    "company_id": self.company.id,
                    "name": day,
                    "rate": rate,
                }
                for day, rate in rates
            ]
        )
        return currency

    def test_another_companys_invoices_do_not_count(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids |= other
        self.books[other] = self._open_books(other)
        partner = self._partner(company_id=False)
        self._invoice(partner, 100)
        self._invoice(partner, 1000, company=other)
        self._pay(partner, 400, company=other)
        names = ("invoiced_total", "balance_due", "paid_total", "invoice_count")
        self.assertEqual(self._facts(partner, *names), (100, 100, 0, 1))

    def test_facts_are_on_contacts_too(self):
        partner = self._partner()
        self._invoice(partner, 80, days_ago=10)
        self._run()
        self.assertEqual(partner.lifecycle_overdue_amount, 80)
        self.assertEqual(partner.lifecycle_balance_due, 80)
        found = self.env["res.partner"].search(
            [("lifecycle_overdue_since", "<=", TODAY), ("id", "=", partner.id)],
            order="lifecycle_balance_due",
        )
        self.assertEqual(found, partner)

    def test_the_timeline_tells_each_document_once(self):
        partner = self._partner()
        self._invoice(partner, 100, days_ago=10)
        self._credit_note(partner, 20, days_ago=5)
        self._invoice(partner, 70, post=False)
        self._run()
        events = self._profile(partner)._get_timeline(20, kinds=["invoice", "sale"])
        self.assertEqual(
            [(event["label"], event["amount"], event["kind"]) for event in events],
            [("Credit note", -20, "invoice"), ("Invoice", 100, "invoice")],
        )
