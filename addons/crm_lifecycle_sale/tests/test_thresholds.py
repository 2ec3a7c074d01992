import random
import statistics
from datetime import timedelta
from unittest.mock import patch

from dateutil.relativedelta import relativedelta

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.models import crm_lifecycle_background as work
from odoo.addons.crm_lifecycle.tests.common import TODAY
from odoo.addons.crm_lifecycle.tests.test_template import KNOWN

from .common import SaleLifecycleCase


@tagged("post_install", "-at_install")
class TestThresholds(SaleLifecycleCase):
    """The start wizard shows what the purchases of the company say on thresholds.

    With the usual numbers, nearly all customers of weekly buyers' shops were loyal.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lifecycle.action_archive()
        cls.classPatch(type(cls.company), "_lifecycle_today", lambda company: TODAY)
        # Independent of the other installed addons: only orders provide facts.
        cls.classPatch(
            type(cls.env["crm.lifecycle.template"]),
            "_get_known_facts",
            lambda template: set(KNOWN["sale"]),
        )

    def _buy(self, purchases, **vals):
        """Insert confirmed orders: ``{partner: [(days ago, amount)]}``."""
        self.env.flush_all()
        rows = [
            (partner.id, TODAY - timedelta(days=days), amount)
            for partner, orders in purchases.items()
            for days, amount in orders
        ]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO sale_order (name, partner_id, partner_invoice_id,
                       partner_shipping_id, company_id, currency_id, state, date_order,
                       create_date, write_date, amount_untaxed)
                SELECT 'S', p, p, p, %s, %s, %s, day + time '12:00', day + time '12:00',
                       now() AT TIME ZONE 'UTC', amount
                  FROM unnest(%s::int[], %s::date[], %s::numeric[])
                       AS row (p, day, amount)
                """,
                vals.get("company_id", self.company.id),
                self.company.currency_id.id,
                vals.get("state", "sale"),
                *map(list, zip(*rows, strict=True)),
            )
        )

    def _weekly(self, count=25, weeks=60, day=0):
        """Create customers who bought every week."""
        partners = [self._partner(f"Weekly {number}") for number in range(count)]
        self._buy(
            {
                partner: [(day + 7 * week, 20) for week in range(weeks)]
                for partner in partners
            }
        )
        return partners

    def _start(self, code="growth", **vals):
        start = (
            self.env["crm.lifecycle.start"]
            .with_user(self.manager)
            .create({"template_code": code, **vals})
        )
        start.action_next()
        return start

    def _get(self, start, code):
        return start.line_ids.filtered(lambda line: line.code == code)

    def test_a_shop_of_weekly_buyers_sees_that_all_are_loyal(self):
        weekly = self._weekly(23)
        self._buy({self._partner("Once"): [(5, 10)], self._partner("Old"): [(400, 9)]})
        start = self._start()
        loyal = self._get(start, "loyal_orders")
        self.assertRecordValues(
            loyal,
            [{"value": 4, "share": "92 % in “Loyal”", "proposed_value": 53}],
        )
        measures = start.measures["measures"]
        self.assertEqual(start.measures["customers"], len(weekly) + 2)
        self.assertEqual(
            measures["interval"], {"count": 23, "quartiles": [7.0, 7.0, 7.0]}
        )
        self.assertEqual(measures["purchases"]["count"], 24)
        self.assertEqual(measures["amount"]["quartiles"], [20.0, 20.0, 20.0])
        # Two and three times the upper quartile of the interval.
        self.assertEqual(self._get(start, "silent_days").proposed_value, 15)
        self.assertEqual(self._get(start, "churn_days").proposed_value, 20)
        self.assertIn("Days between purchases of a customer", start.purchases)

    def test_proposals_are_only_taken_over_on_request(self):
        self._weekly(3)
        start = self._start()
        self.assertEqual(self._get(start, "loyal_orders").value, 4)
        start.action_use_proposals()
        self.assertEqual(
            [self._get(start, code).value for code in start.measures["proposals"]],
            list(start.measures["proposals"].values()),
        )
        self.assertEqual(self._get(start, "loyal_orders").value, 53)
        self.assertEqual(start.measures["shares"]["loyal_orders"], 3)
        start.action_next()  # the proposals are accepted
        self.assertEqual(start.step, "preview")

    def test_proposals_of_every_template_are_accepted(self):
        """Also in a shop with odd habits: buyers of every day, and of one purchase."""
        daily = {self._partner("Daily"): [(day, 5) for day in range(800)]}
        rare = {self._partner("Rare"): [(900, 5), (10, 1)]}
        for purchases in (daily, {**daily, **rare}, rare):
            with self.env.cr.savepoint() as savepoint:
                self._buy(purchases)
                for code in self.env["crm.lifecycle.template"]._get_codes():
                    with self.subTest(code=code, customers=len(purchases)):
                        start = self._start(code)
                        start.action_use_proposals()
                        start._get_values()
                savepoint.rollback()
            self.env.invalidate_all()

    def test_without_purchases_the_wizard_says_so(self):
        start = self._start()
        self.assertIn("no purchases yet", start.purchases)
        self.assertFalse(start.has_proposals)
        self.assertFalse(any(start.line_ids.mapped("share")))
        self.assertFalse(any(start.line_ids.mapped("proposed_value")))

    def test_only_purchases_of_the_company_count(self):
        partner = self._partner()
        other = self.env["res.company"].create({"name": "Other"})
        self._buy({partner: [(3, 10)]}, company_id=other.id)
        self._buy({partner: [(3, 10)]}, state="cancel")
        self._buy({partner: [(3, -10)]})  # a return
        self._buy({partner: [(-3, 10)]})  # not yet
        self.assertFalse(self._start().measures["customers"])

    def test_contacts_of_a_customer_count_together(self):
        firm = self._partner("Firm", is_company=True)
        staff = self._partner("Buyer", parent_id=firm.id)
        self._buy({firm: [(30, 10), (20, 10)], staff: [(20, 10), (10, 10)]})
        measures = self._start().measures
        self.assertEqual(measures["customers"], 1)
        self.assertEqual(measures["measures"]["interval"]["quartiles"], [10.0] * 3)
        # On three days; both bought on one of them.
        self.assertEqual(measures["measures"]["purchases"]["quartiles"], [3.0] * 3)

    def _shop(self):
        """Create customers with random habits; return their purchases."""
        pick = random.Random(7)
        purchases = {}
        for number in range(60):
            gap = pick.choice((7, 20, 45, 200))
            last = pick.choice((0, 1, 29, 30, 31, 89, 90, 91, 400))
            days = {last + gap * place for place in range(pick.choice((1, 2, 3, 4, 9)))}
            purchases[self._partner(f"Customer {number}")] = [
                (day, pick.randrange(1, 500)) for day in sorted(days)
            ]
        self._buy(purchases)
        return purchases

    def test_measures_are_those_of_an_independent_computation(self):
        purchases = self._shop()
        year = (TODAY - (TODAY - relativedelta(months=12))).days

        def quartiles(values):
            return statistics.quantiles(values, n=4, method="inclusive")

        gaps = [
            (max(days) - min(days)) / (len(days) - 1)
            for orders in purchases.values()
            if len(days := {day for day, _amount in orders}) > 1
        ]
        recent = [[a for d, a in orders if d < year] for orders in purchases.values()]
        measures = self._start().measures["measures"]
        for name, values in (
            ("interval", gaps),
            ("purchases", [len(orders) for orders in recent if orders]),
            ("amount", [amount for orders in recent for amount in orders]),
        ):
            with self.subTest(measure=name):
                for got, expected in zip(
                    measures[name]["quartiles"], quartiles(values), strict=True
                ):
                    self.assertAlmostEqual(got, expected)

    def test_shares_are_those_of_a_run(self):
        """The statement agrees with what the rules do in a run."""
        self._shop()
        for code, parameters in (
            ("growth", {"loyal_orders": "loyal", "churn_days": "churned"}),
            ("activity", {"loyal_orders": "loyal", "churn_days": "churn_warning"}),
        ):
            start = self._start(code)
            shares = start.measures["shares"]
            with self.env.cr.savepoint() as savepoint:
                lifecycle = start._make_lifecycle()
                stages = {stage.id: stage.code for stage in lifecycle.stage_ids}
                found = lifecycle.sudo()._preview(self.company, lifecycle.sudo())
                counts = {
                    stages[stage_id]: count
                    for stage_id, (_before, count) in found["stages"].items()
                    if stage_id in stages
                }
                savepoint.rollback()
            self.env.invalidate_all()
            for parameter, stage in parameters.items():
                with self.subTest(template=code, stage=stage):
                    self.assertTrue(counts[stage])
                    self.assertEqual(shares[parameter], counts[stage])

    def test_the_share_of_a_tag(self):
        silent, active = self._partner(), self._partner("Bea")
        self._buy({silent: [(40, 10)], active: [(10, 10)]})
        line = self._get(self._start(), "silent_days")
        self.assertEqual(line.share, "50 % in “Silent”")

    def test_an_edited_threshold_is_measured_at_once(self):
        self._weekly(2, weeks=10)
        start = self._start()
        with Form(start) as form:
            self.assertEqual(form.measures["shares"]["loyal_orders"], 2)
            for number in range(len(start.line_ids)):
                with form.line_ids.edit(number) as line:
                    if line.code == "loyal_orders":
                        line.value = 11
            self.assertEqual(form.measures["shares"]["loyal_orders"], 0)
            self.assertFalse(form.are_shares_outdated)

    def test_going_back_measures_what_was_entered(self):
        self._weekly(2, weeks=10)
        start = self._start()
        self._get(start, "loyal_orders").value = 11
        start.action_next()
        self.assertTrue(start.are_shares_outdated)
        start.action_back()
        self.assertFalse(start.are_shares_outdated)
        self.assertEqual(start.measures["shares"]["loyal_orders"], 0)

    def test_users_do_not_write_measures(self):
        Start = self.env["crm.lifecycle.start"].with_user(self.manager)
        start = Start.create({"template_code": "growth", "measures": "wrong"})
        start.write({"measures": [1], "name": "Mine"})
        self.assertRecordValues(start, [{"measures": False, "name": "Mine"}])
        self.assertFalse(start.purchases)

    def test_a_threshold_out_of_bounds_has_no_share(self):
        self._weekly(2, weeks=10)
        start = self._start()
        self._get(start, "loyal_orders").value = 1
        start.action_measure()
        self.assertFalse(any(start.line_ids.mapped("share")))
        self.assertTrue(start.has_proposals)
        with self.assertRaises(UserError):
            start.action_next()

    def test_many_customers_are_measured_in_the_background(self):
        self._weekly(2)
        with patch.object(work, "SMALL_PREVIEW", 0):
            start = (
                self.env["crm.lifecycle.start"]
                .with_user(self.manager)
                .create({"template_code": "growth"})
            )
            action = start.action_next()
            self.assertEqual(action["res_model"], "background.task")
            self.assertFalse(start.measures)
            self.env.flush_all()
            with self.enter_registry_test_mode():
                self.env.ref(
                    "base_background_task.ir_cron_run_tasks"
                ).method_direct_trigger()
            self.env.invalidate_all()
            task = self.env["background.task"].browse(action["res_id"])
            self.assertEqual(task.state, "done")
            self.assertEqual(start.measures["shares"]["loyal_orders"], 2)
            self.assertEqual(start.step, "thresholds")
            # Not measured again while the user types, but marked as outdated.
            start.line_ids[0].value += 1
            self.assertTrue(start.are_shares_outdated)

    def test_the_number_of_queries_does_not_depend_on_the_customers(self):
        start = self._start()
        for number in (2, 30):
            self._weekly(number)
            start._measure()  # fill the caches
            # One reads the order of the sources, the other one measures.
            with self.subTest(customers=number), self.assertQueryCount(1):
                start._measure()

    def test_another_company_is_not_measured(self):
        other = self.env["res.company"].create({"name": "Other"})
        start = (
            self.env["crm.lifecycle.start"]
            .with_user(self.manager)
            .create({"template_code": "growth"})
        )
        self.env.cr.execute(
            "UPDATE crm_lifecycle_start SET company_id = %s WHERE id = %s",
            [other.id, start.id],
        )
        start.invalidate_recordset()
        with self.assertRaises(UserError):
            start.action_measure()

    def test_days_are_counted_in_the_chosen_time_zone(self):
        """The evening of New York is the next day in UTC."""
        partner = self._partner()
        self.manager.company_ids = [Command.set(self.company.ids)]
        self._buy({partner: [(10, 10), (9, 10)]})
        self.env.cr.execute(
            "UPDATE sale_order SET date_order = date_order::date + time '02:00' "
            "WHERE partner_id = %s AND date_order::date = %s",
            [partner.id, TODAY - timedelta(days=9)],
        )
        for tz, days in (("UTC", 2), ("America/New_York", 1)):
            with self.subTest(tz=tz):
                start = self._start(tz=tz)
                self.assertEqual(
                    start.measures["measures"]["interval"]["count"], days - 1
                )
        self.assertEqual(self.company.lifecycle_tz, "UTC")
        start.action_start()
        self.assertEqual(self.company.lifecycle_tz, "America/New_York")
