from lxml import etree

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import SaleLifecycleCase

PROFILE = "crm.lifecycle.profile"


class OverviewCase(SaleLifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls._partner("Ada", is_company=True, user_id=cls.salesperson.id)
        mine = {"user_id": cls.salesperson.id}
        cls.old = cls._order(cls.partner, 80, days_ago=400, **mine)
        cls.order = cls._order(cls.partner, 100, days_ago=30, **mine)
        cls.quotation = cls._order(cls.partner, 70, days_ago=3, state="draft", **mine)
        cls._run()
        cls.profile = cls._profile(cls.partner)
        cls.env.flush_all()
        cls.env.invalidate_all()

    def _overview(self, record, user=None, **kwargs):
        self.env.flush_all()
        self.env.invalidate_all()
        return (
            self.env[PROFILE]
            .with_user(user or self.salesperson)
            .get_overview(record._name, record.id, **kwargs)
        )


@tagged("post_install", "-at_install")
class TestOverview(OverviewCase):
    """Orders in the timeline, and the customer's summary on the order."""

    def test_orders_are_found_by_where_their_customer_stands(self):
        Order = self.env["sale.order"].with_user(self.salesperson)
        mine = [("partner_id", "=", self.partner.id)]
        stage = self.profile.stage_id
        for leaf, count in (
            (("lifecycle_profile_id", "=", self.profile.id), 3),
            (("lifecycle_profile_id", "!=", self.profile.id), 0),
            (("lifecycle_profile_id", "=", False), 0),
            (("lifecycle_profile_id.order_count", ">", 1), 3),
            (("lifecycle_stage_id", "in", stage.ids), 3),
            (("lifecycle_stage_id.name", "=", stage.name), 3),
            (("lifecycle_stage_id", "ilike", "no such stage"), 0),
        ):
            with self.subTest(leaf=leaf):
                self.assertEqual(Order.search_count([*mine, leaf]), count)

    def test_orders_of_a_customer_whom_one_does_not_see_are_not_found(self):
        self.profile.user_id = self.colleague
        mine = [("id", "=", self.order.id)]
        Order = self.env["sale.order"].with_user(self.salesperson)
        known = [("lifecycle_profile_id", "!=", False)]
        self.assertFalse(Order.search(mine + known))
        self.assertTrue(Order.with_user(self.leader).search(mine + known))

    def test_quotations_and_orders_stand_in_the_timeline(self):
        events = self._overview(self.partner)["events"]
        told = [
            (event["label"], event["title"], event["amount"], event["res_id"])
            for event in events
            if event["res_model"] == "sale.order"
        ]
        self.assertEqual(
            told,
            [
                ("Quotation", self.quotation.name, 70, self.quotation.id),
                ("Order", self.order.name, 100, self.order.id),
                ("Order", self.old.name, 80, self.old.id),
            ],
        )
        self.quotation._action_cancel()
        titles = [event["title"] for event in self._overview(self.partner)["events"]]
        self.assertNotIn(self.quotation.name, titles)

    def test_orders_of_colleagues_are_left_out(self):
        other = self._order(self.partner, 60, user_id=self.colleague.id)
        titles = [event["title"] for event in self._overview(self.partner)["events"]]
        self.assertNotIn(other.name, titles)
        self.assertIn(self.order.name, titles)

    def test_what_was_ordered_is_told_against_the_year_before(self):
        facts = {f["name"]: f for f in self._overview(self.partner)["facts"]}
        ordered = facts["order_total_12m"]
        self.assertEqual((ordered["value"], ordered["previous"]), (100, 80))
        self.assertEqual(ordered["currency_id"], self.company.currency_id.id)
        self.assertEqual(facts["quotation_count"]["value"], 1)
        self.assertFalse(facts["order_count"]["has_trend"])

    def test_a_quotation_shows_its_customer_in_short(self):
        overview = self._overview(self.quotation, short=True)
        self.assertEqual(overview["id"], self.profile.id)
        self.assertEqual(overview["stage"], "Prospect")
        names = [fact["name"] for fact in overview["facts"]]
        self.assertIn("order_total_12m", names)
        self.assertNotIn("order_total", names)
        quotation = self.quotation.with_user(self.salesperson)
        self.assertEqual(quotation.lifecycle_stage_id, self.prospect)
        action = quotation.action_open_lifecycle_profile()
        self.assertEqual(action["res_id"], self.profile.id)

    def test_an_order_shows_the_customer_of_its_own_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.partner.company_id = False
        user = new_test_user(
            self.env,
            "both",
            groups="sales_team.group_sale_salesman_all_leads",
            company_id=other.id,
            company_ids=[Command.set((self.company | other).ids)],
        )
        order = self.order.with_user(user).with_context(
            allowed_company_ids=(other | self.company).ids
        )
        self.assertEqual(order.lifecycle_profile_id, self.profile)

    def test_an_order_of_a_colleagues_customer_shows_no_stage(self):
        self.profile.user_id = self.colleague
        order = self.order.with_user(self.salesperson)
        self.assertFalse(order.lifecycle_profile_id)
        self.assertFalse(self._overview(self.order))
        with self.assertRaises(AccessError):
            self._overview(self._order(self.partner, 60, user_id=self.colleague.id))

    def test_opening_an_order_costs_at_most_three_queries_more(self):
        order = self.order.with_user(self.salesperson)
        arch = order.get_view(view_type="form")["arch"]
        specification = {
            name: {"fields": {"display_name": {}}}
            if order._fields[name].type == "many2one"
            else {}
            for name in etree.fromstring(arch).xpath(
                "//field[not(ancestor::field)]/@name"
            )
        }
        without = {
            name: spec
            for name, spec in specification.items()
            if not name.startswith("lifecycle_")
        }
        self.assertEqual(len(specification), len(without) + 2)

        def count(spec):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            order.web_read(spec)
            return self.cr.sql_log_count - before

        for spec in (specification, without):  # warm the caches of the registry
            count(spec)
        self.assertLessEqual(count(specification), count(without) + 3)

    def test_a_sum_of_nothing_is_told_from_not_known(self):
        lead = self._lead(
            partner_id=self._partner("Bob").id, user_id=self.salesperson.id
        )
        self._run(TODAY)
        facts = {f["name"]: f for f in self._overview(lead)["facts"]}
        self.assertEqual(facts["order_count"]["value"], 0)
        self.assertIs(facts["last_order_date"]["value"], False)
        self.assertIs(facts["order_interval_days"]["value"], False)


@tagged("post_install", "-at_install")
class TestOrderTour(OverviewCase, HttpCase):
    def test_a_salesperson_sees_the_customer_on_the_order(self):
        self.env.flush_all()
        self.start_tour(
            f"/odoo/action-sale.action_orders/{self.order.id}",
            "crm_lifecycle_sale_order",
            login=self.salesperson.login,
        )
