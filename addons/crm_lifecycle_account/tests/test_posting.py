from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import AccountLifecycleCase


@tagged("post_install", "-at_install")
class TestPosting(AccountLifecycleCase):
    """Posting and matching move customers without waiting for the nightly run."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.company._lifecycle_today()
        cls.biller = new_test_user(
            cls.env,
            "bill",
            groups="account.group_account_invoice",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )
        method = cls.books[cls.company]["money"].inbound_payment_method_line_ids
        method.payment_account_id = cls.books[cls.company]["outstanding"]

    def _draft(self, partner=None, amount=100):
        return self._invoice(
            partner or self._partner(),
            amount,
            post=False,
            invoice_date=self.today,
            invoice_date_due=self.today,
        )

    def _register(self, invoice, **vals):
        """Pay an invoice with Odoo's own wizard."""
        return (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create(
                {
                    "payment_date": self.today,
                    "journal_id": self.books[self.company]["money"].id,
                    **vals,
                }
            )
            ._create_payments()
        )

    def _begin(self):
        """Reset the state to that of a new transaction."""
        self.env.cr.flush()
        self.env.cr.precommit.clear()

    def _count_triggers(self):
        cron = self.env.ref("crm_lifecycle.ir_cron_run")
        return (
            self.env["ir.cron.trigger"].sudo().search_count([("cron_id", "=", cron.id)])
        )

    def test_posting_and_paying_move_the_customer(self):
        self._rule(self.customer, [("balance_due", ">", 0)], self.prospect)
        self._rule(self.lost, [("balance_due", "<=", 0)], self.customer)
        self._run(self.today)
        invoice = self._draft()
        triggers = self._count_triggers()
        self._begin()
        invoice.with_user(self.biller).action_post()
        self.assertEqual(self._count_triggers(), triggers + 1)
        run = self._run(self.today, quick=True)
        self.assertEqual(run.profile_count, 1)
        profile = self._profile(invoice.partner_id)
        self.assertEqual(profile.stage_id, self.customer)
        self._begin()
        self._register(invoice)
        self.assertEqual(self._count_triggers(), triggers + 2)
        self._run(self.today, quick=True)
        self.assertEqual(profile.stage_id, self.lost)
        self.assertEqual(profile.paid_total, 100)

    def test_a_payment_taken_back_is_seen_by_the_quick_run(self):
        invoice = self._draft()
        invoice.action_post()
        payment = self._register(invoice)
        self._run(self.today)
        self.assertEqual(self._profile(invoice.partner_id).balance_due, 0)
        payment.action_draft()
        self.assertEqual(invoice.amount_residual, 0)  # still matched with a draft
        self._run(self.today, quick=True)
        self.assertEqual(self._profile(invoice.partner_id).balance_due, 100)
        payment.action_post()
        self._run(self.today, quick=True)
        self.assertEqual(self._profile(invoice.partner_id).balance_due, 0)

    def test_an_invoice_set_back_is_seen_by_the_quick_run(self):
        partner = self._partner()
        self._draft(partner, 20).action_post()
        invoice = self._draft(partner)
        invoice.action_post()
        self._run(self.today)
        invoice.button_draft()
        self._run(self.today, quick=True)
        self.assertEqual(self._profile(partner).balance_due, 20)

    def _count_queries(self, prepare, act):
        record = prepare()
        self.env.flush_all()
        self._begin()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        act(record)
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def _count_with_and_without(self, prepare, act):
        """Return the query counts of an action with and without this addon's hooks."""
        self._count_queries(prepare, act)  # warm the caches of the registry
        with_us = self._count_queries(prepare, act)
        models = ("account.move", "account.move.line", "account.partial.reconcile")
        with (
            patch.object(
                self.env.registry[models[0]], "_mark_lifecycle_pending", lambda s: None
            ),
            patch.object(
                self.env.registry[models[0]], "_mark_posted_pending", lambda s: None
            ),
            patch.object(
                self.env.registry[models[1]], "_mark_lifecycle_pending", lambda s: None
            ),
            patch.object(
                self.env.registry[models[1]], "_mark_posted_pending", lambda s: None
            ),
            patch.object(
                self.env.registry[models[2]], "_mark_lifecycle_pending", lambda s: None
            ),
            patch.object(
                self.env.registry["crm.lifecycle.owner.mixin"],
                "_mark_owners_pending",
                lambda records, vals_list: None,
            ),
        ):
            without_us = self._count_queries(prepare, act)
        return with_us, without_us

    def test_posting_costs_two_more_queries(self):
        with_us, without_us = self._count_with_and_without(
            self._draft, lambda invoice: invoice.action_post()
        )
        self.assertLessEqual(with_us, without_us + 2)

    def test_posting_many_costs_as_much_as_posting_one(self):
        def prepare():
            return self.env["account.move"].union(*(self._draft() for _n in range(5)))

        with_us, without_us = self._count_with_and_without(
            prepare, lambda invoices: invoices.action_post()
        )
        self.assertLessEqual(with_us, without_us + 2)

    def test_paying_costs_four_more_queries(self):
        def prepare():
            invoice = self._draft()
            invoice.action_post()
            return invoice

        with_us, without_us = self._count_with_and_without(prepare, self._register)
        self.assertLessEqual(with_us, without_us + 4)

    def test_giving_a_draft_to_another_customer_costs_three_comparisons(self):
        """Owners are compared for the document and its two lines of different kinds."""
        with_us, without_us = self._count_with_and_without(
            self._draft,
            lambda invoice: invoice.write(
                {"partner_id": self.salesperson.partner_id.id}
            ),
        )
        self.assertLessEqual(with_us, without_us + 3)
