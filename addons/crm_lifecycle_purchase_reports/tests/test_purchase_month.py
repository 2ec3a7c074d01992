from datetime import date, timedelta

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import PurchaseCase


@tagged("post_install", "-at_install")
class TestPurchaseMonth(PurchaseCase):
    """Purchases by month follow all changes of the ledger."""

    def _all(self):
        return [self._months(partner) for partner in (self.ada, self.bob)]

    def _assert_as_from_nothing(self):
        """Assert that the stored purchases equal a computation from scratch."""
        kept = self._all()
        self._refresh(full=True)
        self.assertEqual(kept, self._all())

    def test_purchases_of_a_month_are_one_row(self):
        self._buy(self.ada, ("2025-01-31", 10), ("2025-02-01", 20), ("2025-02-28", 30))
        self._refresh()
        self.assertEqual(
            self._months(self.ada),
            [("2025-01", 1, 10, "", "2025-02"), ("2025-02", 2, 50, "2025-01", "")],
        )
        rows = self.Month.search([("profile_id", "=", self._profile(self.ada).id)])
        self.assertEqual(set(rows.mapped("cohort_date")), {date(2025, 1, 31)})

    def test_purchases_of_contacts_are_the_company_s(self):
        contact = self._partner("Contact", parent_id=self.ada.id)
        self._buy(contact, ("2025-01-31", 10))
        self._refresh()
        self.assertEqual(self._months(self.ada), [("2025-01", 1, 10, "", "")])

    def test_what_is_to_come_counts_when_its_day_has_come(self):
        day = TODAY + timedelta(days=5)
        self._buy(self.ada, (str(day), 10))
        self._refresh()
        self.assertFalse(self._months(self.ada))
        self._refresh(day)
        self.assertEqual(self._months(self.ada), [("2026-03", 1, 10, "", "")])

    def test_a_return_is_revenue_and_no_purchase(self):
        self._buy(self.ada, ("2025-01-31", 100), ("2025-03-01", -30))
        self._refresh()
        self.assertEqual(
            self._months(self.ada),
            [("2025-01", 1, 100, "", ""), ("2025-03", 0, -30, "2025-01", "")],
        )

    def test_changes_are_followed(self):
        self._buy(self.ada, ("2025-01-31", 10), ("2025-05-01", 20))
        self._buy(self.bob, ("2025-02-01", 5))
        self._refresh()
        self._buy(self.ada, ("2025-03-01", 40))
        self._refresh()
        self.assertEqual(
            [row[0] for row in self._months(self.ada)],
            ["2025-01", "2025-03", "2025-05"],
        )
        self._assert_as_from_nothing()

    def test_a_purchase_that_is_deleted_goes_away(self):
        bought = self._buy(self.ada, ("2025-01-31", 10), ("2025-05-01", 20))
        self._refresh()
        bought[0].unlink()
        self._refresh()
        self.assertEqual(self._months(self.ada), [("2025-05", 1, 20, "", "")])
        self._assert_as_from_nothing()

    def test_a_purchase_of_another_customer_moves(self):
        bought = self._buy(self.ada, ("2025-01-31", 10), ("2025-05-01", 20))
        self._buy(self.bob, ("2025-02-01", 5))
        self._refresh()
        bought[0].partner_id = self.bob
        self._refresh()
        self.assertEqual(len(self._months(self.ada)), 1)
        self.assertEqual(len(self._months(self.bob)), 2)
        self._assert_as_from_nothing()

    def test_a_purchase_on_another_day_moves(self):
        bought = self._buy(
            self.ada, ("2025-04-30", 10), ("2025-05-20", 20), ("2025-12-01", 1)
        )
        self._refresh()
        bought[1].date = "2025-07-20"
        self._refresh()
        self.assertEqual(
            [row[0] for row in self._months(self.ada)],
            ["2025-04", "2025-07", "2025-12"],
        )
        self._assert_as_from_nothing()

    def test_what_is_returned_is_taken_off_in_its_own_month(self):
        self._buy(self.ada, ("2025-01-31", 100))
        self._refresh()
        self._return(self.ada, "2025-03-05", -40)
        self._refresh(full=True)
        self.assertEqual(
            self._months(self.ada),
            [("2025-01", 1, 100, "", ""), ("2025-03", 0, -40, "2025-01", "")],
        )

    def test_a_purchase_of_which_nothing_is_left_is_no_purchase(self):
        self._buy(self.ada, ("2025-01-31", 100), ("2025-02-10", 20))
        self._refresh()
        self._return(self.ada, "2025-03-05", -100, is_all=True)
        self._refresh(full=True)
        self.assertEqual(
            self._months(self.ada),
            [
                ("2025-01", 0, 100, "", "2025-02"),
                ("2025-02", 1, 20, "", ""),
                ("2025-03", 0, -100, "2025-02", ""),
            ],
        )

    def _return(self, partner, day, amount, *, is_all=False):
        """Write a return of a customer's first purchase into the ledger."""
        Purchase = self.env["crm.lifecycle.purchase"]
        bought = Purchase.search(
            [("partner_id", "=", partner.id)], order="date", limit=1
        )
        [vals] = bought.copy_data(
            {"origin_id": bought.id, "date": day, "amount": amount}
        )
        Purchase.create(vals)
        bought.returned_date = day if is_all else False
        self.env.flush_all()

    def test_merged_customers_have_all_months(self):
        self._buy(self.ada, ("2025-01-31", 10))
        self._buy(self.bob, ("2025-02-01", 5))
        self._refresh()
        self.env["base.partner.merge.automatic.wizard"]._merge(
            [self.bob.id, self.ada.id], self.ada
        )
        self._refresh()
        self.assertEqual(
            self._months(self.ada),
            [("2025-01", 1, 10, "", "2025-02"), ("2025-02", 1, 5, "2025-01", "")],
        )

    def test_the_scheduled_job_brings_all_companies_up_to_date(self):
        self._buy(self.ada, ("2025-01-31", 10))
        self._run()
        self.env.flush_all()
        cron = self.env.ref("crm_lifecycle_purchase_reports.ir_cron_purchase_month")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(len(self._months(self.ada)), 1)
        self.assertTrue(self.company.lifecycle_purchase_watermark)

    def test_a_run_wakes_the_job(self):
        triggers = self.env["ir.cron.trigger"].search_count([])
        self._run(TODAY)
        self.assertGreater(self.env["ir.cron.trigger"].search_count([]), triggers)

    def test_another_time_zone_counts_anew(self):
        self._refresh()
        self.company.lifecycle_tz = "Asia/Shanghai"
        self.assertFalse(self.company.lifecycle_purchase_watermark)
