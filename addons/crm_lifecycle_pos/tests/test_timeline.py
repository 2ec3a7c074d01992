from odoo.tests import tagged

from .common import TillCase


@tagged("post_install", "-at_install")
class TestTillTimeline(TillCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls._partner(user_id=cls.salesperson.id)
        cls.order = cls._sell(30, partner=cls.ada, days_ago=5)
        cls.refund = cls._refund(cls.order, days_ago=2)
        cls._sell(10, partner=cls.ada, state="draft")
        cls._run()
        cls.profile = cls._profile(cls.ada)
        cls.profile.user_id = cls.salesperson

    def _events(self, user):
        events = self.profile.with_user(user)._get_timeline(20)
        return [
            (event["label"], event["title"], event["amount"])
            for event in events
            if event["res_model"] == "pos.order"
        ]

    def test_the_timeline_shows_till_orders_and_refunds(self):
        self.salesperson.group_ids += self.env.ref("point_of_sale.group_pos_user")
        self.assertEqual(
            self._events(self.salesperson),
            [
                ("Refund", self.refund.name, -30),
                ("Till order", self.order.name, 30),
            ],
        )

    def test_users_without_access_to_the_till_see_no_till_order(self):
        self.assertFalse(self._events(self.salesperson))
        rows = self.env["crm.lifecycle.purchase"].with_user(self.salesperson)
        rows = rows.search([("partner_id", "=", self.ada.id)])
        self.assertFalse(rows)
        self.salesperson.group_ids += self.env.ref("point_of_sale.group_pos_user")
        rows = rows.search([("partner_id", "=", self.ada.id)])
        self.assertEqual(rows.mapped("res_id"), (self.refund | self.order).ids)

    def test_an_order_shows_the_stage_of_its_customer(self):
        self.salesperson.group_ids += self.env.ref("point_of_sale.group_pos_user")
        order = self.order.with_user(self.salesperson)
        self.assertEqual(order.lifecycle_stage_id, self.prospect)
        found = order.search([("lifecycle_stage_id", "=", self.prospect.id)])
        self.assertIn(self.order, found)
        action = order.action_open_lifecycle_profile()
        self.assertEqual(action["res_id"], self.profile.id)

    def test_the_till_loads_orders_of_a_cashier(self):
        """A cashier has no access to the lifecycle: the till must load all the same."""
        order = self.order.with_user(self.cashier)
        data = order.read_pos_data([], self.till.with_user(self.cashier))
        self.assertNotIn("lifecycle_stage_id", data["pos.order"][0])
