"""Facts from invoices against an independent recomputation in plain SQL.

The data is a random year of the books of two companies in two currencies: invoices with
different due dates, credit notes, reversals, full, partial and advance payments,
payments in another currency, drafts, cancelled documents, contacts of companies, an
archived customer, and two customers that are merged. As of three days, incremental runs
must match the recomputation, and a full rebuild must change nothing.
"""

import random
from datetime import date, timedelta

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import AccountLifecycleCase

DAYS = (date(2025, 8, 31), date(2025, 12, 31), TODAY)
FACTS = (
    "first_seen_date",
    "invoice_count",
    "last_invoice_date",
    "invoiced_total",
    "credit_note_total",
    "paid_total",
    "last_payment_date",
    "balance_due",
    "overdue_amount",
    "overdue_since",
)


@tagged("post_install", "-at_install")
class TestRecomputation(AccountLifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.random = random.Random(2026)
        cls.other = cls.env["res.company"].create(
            {
                "name": "Other",
                "lifecycle_tz": "Asia/Shanghai",
                "currency_id": cls.env.ref("base.CNY").id,
            }
        )
        cls.env.ref("base.CNY").active = True
        cls.env.user.company_ids |= cls.other
        cls.env = cls.env(
            context={
                **cls.env.context,
                "allowed_company_ids": (cls.company | cls.other).ids,
            }
        )
        cls.books[cls.other] = cls._open_books(cls.other)
        cls.foreign = cls.env["res.currency"].create(
            {"name": "TST", "symbol": "T", "rounding": 0.01}
        )
        cls.env["res.currency.rate"].create(
            [
                {
                    "currency_id": cls.foreign.id,
                    "company_id": company.id,
                    "name": day,
                    "rate": rate,
                }
                for company in (cls.company, cls.other)
                for day, rate in [
                    ("2020-01-01", 0.9),
                    ("2025-07-01", 1.1),
                    ("2025-11-01", 0.73),
                ]
            ]
        )
        companies = cls.env["res.partner"].create(
            [{"name": f"Company {n}", "is_company": True} for n in range(4)]
        )
        people = cls.env["res.partner"].create(
            [
                {"name": f"Contact {n}", "parent_id": companies[n % 2].id}
                for n in range(3)
            ]
            + [{"name": f"Person {n}"} for n in range(3)]
        )
        cls.partners = companies | people
        for _number in range(110):
            cls._happen()
        people[-1].active = False

    @classmethod
    def _happen(cls):
        """Create one document, and randomly pay, credit or cancel it."""
        roll = cls.random.random
        partner = cls.random.choice(cls.partners)
        company = cls.random.choice([cls.company, cls.other])
        days_ago = cls.random.randrange(-5, 365)
        amount = cls.random.randrange(100, 90000) / 100
        currency = cls.random.choice([company.currency_id, cls.foreign])
        if roll() < 0.1:  # paid in advance, or by mistake
            cls._pay(partner, amount, days_ago, currency=currency, company=company)
            return
        invoice = cls._invoice(
            partner,
            amount,
            days_ago,
            due=cls.random.choice([0, 14, 30, 90]),
            company=company,
            currency_id=currency.id,
            taxed=roll() < 0.5,
            move_type=cls.random.choice(["out_invoice"] * 6 + ["out_refund"]),
            post=roll() < 0.92,
        )
        if invoice.state == "draft":
            if roll() < 0.5:
                invoice.button_cancel()
            return
        if invoice.move_type == "out_refund":
            return
        later = max(days_ago - cls.random.randrange(0, 120), -20)
        if roll() < 0.12:
            day = cls._day(later)
            for move in invoice._reverse_moves(
                [{"date": day, "invoice_date": day}], cancel=roll() < 0.6
            ).filtered(lambda move: move.state == "draft"):
                line = move.invoice_line_ids
                line.price_unit *= cls.random.choice([1, 0.3, 1.2])
                move.action_post()
        elif roll() < 0.7:
            part = cls.random.choice([1, 1, 0.5, 0.3, 1.1])
            paid = round(invoice.amount_total * part, 2)
            payment = cls._pay(
                partner, paid, later, on=invoice, currency=currency, company=company
            )
            if roll() < 0.15:  # the lines stay matched
                cls.random.choice([payment, invoice]).button_draft()

    # ------------------------------------------------------------
    # Recomputation
    # ------------------------------------------------------------

    def _recompute(self, company, as_of):
        """Return ``{commercial partner: facts}``, by SQL that shares no code."""
        self.env.cr.execute(
            """
            SELECT commercial_partner_id, MIN(invoice_date),
                   COUNT(*) FILTER (WHERE move_type = 'out_invoice'),
                   MAX(invoice_date) FILTER (WHERE move_type = 'out_invoice'),
                   SUM(net) FILTER (WHERE move_type = 'out_invoice'),
                   SUM(net) FILTER (WHERE move_type = 'out_refund')
              FROM (SELECT m.commercial_partner_id, m.invoice_date, m.move_type,
                           (SELECT ABS(SUM(l.balance)) FROM account_move_line AS l
                             WHERE l.move_id = m.id AND l.display_type = 'product') net
                      FROM account_move AS m
                     WHERE m.company_id = %(company)s AND m.state = 'posted'
                       AND m.move_type IN ('out_invoice', 'out_refund')
                       AND m.invoice_date <= %(as_of)s) AS document
             GROUP BY commercial_partner_id
            """,
            {"company": company.id, "as_of": as_of},
        )
        documents = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        self.env.cr.execute(
            """
            SELECT l.partner_id, l.date, COALESCE(l.date_maturity, l.date), l.balance,
                   l.balance
                   - COALESCE((SELECT SUM(r.amount) FROM account_partial_reconcile AS r
                                 JOIN account_move_line AS c ON c.id = r.credit_move_id
                                WHERE r.debit_move_id = l.id
                                  AND c.parent_state = 'posted'
                                  AND GREATEST(l.date, c.date) <= %(as_of)s), 0)
                   + COALESCE((SELECT SUM(r.amount) FROM account_partial_reconcile AS r
                                 JOIN account_move_line AS d ON d.id = r.debit_move_id
                                WHERE r.credit_move_id = l.id
                                  AND d.parent_state = 'posted'
                                  AND GREATEST(l.date, d.date) <= %(as_of)s), 0),
                   j.type
              FROM account_move_line AS l
              JOIN account_move AS m ON m.id = l.move_id
              JOIN account_account AS a ON a.id = l.account_id
              JOIN account_journal AS j ON j.id = m.journal_id
             WHERE m.company_id = %(company)s AND m.state = 'posted'
               AND a.account_type = 'asset_receivable' AND m.date <= %(as_of)s
             ORDER BY 3, l.id
            """,
            {"company": company.id, "as_of": as_of},
        )
        lines = {}
        for partner_id, *line in self.env.cr.fetchall():
            lines.setdefault(partner_id, []).append(line)
        return {
            partner_id: {**self._tell(document), **self._owe(lines[partner_id], as_of)}
            for partner_id, document in documents.items()
        }

    def _tell(self, document):
        first, count, last, invoiced, credited = document
        return {
            "first_seen_date": first,
            "invoice_count": count,
            "last_invoice_date": last or False,
            "invoiced_total": float((invoiced or 0) - (credited or 0)),
            "credit_note_total": float(credited or 0),
        }

    def _owe(self, lines, as_of):
        """Compute the amounts due: credit pays the debts in the order of due dates."""
        money = [
            (day, balance)
            for day, _due, balance, _left, kind in lines
            if kind == "bank"
        ]
        debts = [(due, left) for _day, due, _balance, left, _kind in lines if left > 0]
        credit = -sum(left for *_rest, left, _kind in lines if left < 0)
        overdue, since = 0, False
        for due, left in debts:
            unpaid = left - min(left, credit)
            credit -= left - unpaid
            if unpaid and due < as_of:
                overdue += unpaid
                since = since or due
        return {
            "paid_total": float(-sum(balance for _day, balance in money)),
            "last_payment_date": max(
                (day for day, balance in money if balance < 0), default=False
            ),
            "balance_due": float(sum(left for *_rest, left, _kind in lines)),
            "overdue_amount": float(overdue),
            "overdue_since": since,
        }

    def _recompute_purchases(self, company, as_of):
        """Return ``{commercial partner: (number, sum, last day)}`` of purchases."""
        moves = self.env["account.move"].search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_refund")),
            ],
            order="invoice_date, id",
        )
        net = {
            move: company.currency_id.round(
                -sum(move.invoice_line_ids.mapped("balance"))
            )
            for move in moves
        }
        found, left = {}, {}
        for move in moves.filtered(lambda move: move.move_type == "out_invoice"):
            left[move] = net[move]
        for move in moves:
            partner_id = move.partner_id.commercial_partner_id.id
            amount, invoice = net[move], move.reversed_entry_id
            if move.move_type == "out_refund" and invoice in left:
                # The rate of the invoice, no more than the invoice.
                partner_id = invoice.partner_id.commercial_partner_id.id
                part = move.amount_untaxed / invoice.amount_untaxed
                amount = -min(net[invoice] * part, net[invoice])
                amount = company.currency_id.round(amount)
            if move.invoice_date > as_of:
                continue
            if move.move_type == "out_refund" and invoice in left:
                left[invoice] = company.currency_id.round(left[invoice] + amount)
            facts = found.setdefault(partner_id, [0, 0, False])
            facts[1] += amount
        for move, rest in left.items():
            if move.invoice_date <= as_of and rest > 0:
                facts = found[move.partner_id.commercial_partner_id.id]
                facts[0] += 1
                facts[2] = max(facts[2] or move.invoice_date, move.invoice_date)
        return found

    def _assert_purchases(self, company, as_of):
        profiles = (
            self.env["crm.lifecycle.profile"]
            .with_context(active_test=False)
            .search([("company_id", "=", company.id), ("partner_id", "!=", False)])
        )
        expected = self._recompute_purchases(company, as_of)
        for profile in profiles:
            with self.subTest(company=company.name, as_of=as_of, of=profile.partner_id):
                count, total, last = expected.get(profile.partner_id.id, (0, 0, False))
                self.assertEqual(
                    (profile.order_count, profile.last_order_date), (count, last)
                )
                self.assertAlmostEqual(profile.order_total, total, 2)
        self.assertGreaterEqual(len(profiles), 5)

    def _get_facts(self, company):
        """Return ``{partner: facts}`` of the customers that have documents."""
        profiles = (
            self.env["crm.lifecycle.profile"]
            .with_context(active_test=False)
            .search([("company_id", "=", company.id), ("first_seen_date", "!=", False)])
        )
        return {
            profile.partner_id.id: {name: profile[name] for name in FACTS}
            for profile in profiles
        }

    def _assert_facts(self, company, as_of):
        expected = self._recompute(company, as_of)
        found = self._get_facts(company)
        self.assertGreaterEqual(len(found), 5)
        self.assertEqual(set(found), set(expected))
        for partner_id, facts in expected.items():
            for name, value in facts.items():
                with self.subTest(
                    company=company.name, as_of=as_of, partner=partner_id, fact=name
                ):
                    if isinstance(value, float):
                        self.assertAlmostEqual(found[partner_id][name], value, 4)
                    else:
                        self.assertEqual(found[partner_id][name], value)

    # ------------------------------------------------------------
    # Tests
    # ------------------------------------------------------------

    def test_the_year_has_what_it_should_have(self):
        owed = {
            name: sum(
                bool(facts[name])
                for day in DAYS
                for company in (self.company, self.other)
                for facts in self._recompute(company, day).values()
            )
            for name in FACTS
        }
        for name, count in owed.items():
            self.assertGreater(count, 10, name)
        credits = self.env["account.move"].search([("reversed_entry_id", "!=", False)])
        parts = credits.filtered(
            lambda move: move.amount_untaxed < move.reversed_entry_id.amount_untaxed
        )
        self.assertTrue(parts)
        self.assertTrue(credits - parts)
        self.assertIn(self.foreign, credits.currency_id)

    def _merge(self):
        """Merge two customers."""
        double = self.partners.filtered(lambda p: p.name in ("Person 0", "Person 1"))
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge(double.ids, double[0])
        self.env.invalidate_all()
        self.assertEqual(len(double.exists()), 1)

    def test_facts_equal_a_recomputation_as_of_three_days(self):
        for day in DAYS:
            if day == DAYS[1]:
                self._merge()
            for company in (self.company, self.other):
                self.env["crm.lifecycle"]._run(company, day)
                self.env.invalidate_all()
                self._assert_facts(company, day)
                self._assert_purchases(company, day)
            # Backdate all rows, so that the next run has only the passing days to find.
            self._forget()
        for company in (self.company, self.other):
            run = self.env["crm.lifecycle"]._run(company, TODAY, full=True)
            self.assertEqual(run.refreshed_count, 0)

    def test_each_day_by_itself_equals_a_full_rebuild(self):
        self.env["crm.lifecycle"]._run(self.company, TODAY - timedelta(days=45))
        self._forget()
        for days_ago in range(44, -1, -1):
            day = TODAY - timedelta(days=days_ago)
            self.env["crm.lifecycle"]._run(self.company, day)
            self._forget()
            if days_ago % 9 == 0:
                self._assert_facts(self.company, day)
                self._assert_purchases(self.company, day)
                run = self.env["crm.lifecycle"]._run(self.company, day, full=True)
                self.assertEqual(run.refreshed_count, 0)
                self._forget()
