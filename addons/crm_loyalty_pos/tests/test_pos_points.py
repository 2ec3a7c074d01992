"""What the till does to points is in the ledger, with its order, once."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.crm_loyalty.tests.common import LedgerCase


@tagged("post_install", "-at_install")
class TestPosPoints(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["account.chart.template"].try_loading(
            "generic_coa", company=cls.company, install_demo=False
        )
        cls.config = cls.env["pos.config"].create(
            {"name": "Till", "company_id": cls.company.id}
        )
        cls.config.open_ui()
        cls.cashier = new_test_user(
            cls.env,
            "cas",
            groups="point_of_sale.group_pos_user",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
        )

    def setUp(self):
        super().setUp()
        self.card = self._card(10)

    def _order(self, total=50):
        return self.env["pos.order"].create(
            {
                "config_id": self.config.id,
                "session_id": self.config.current_session_id.id,
                "company_id": self.company.id,
                "partner_id": self.card.partner_id.id,
                "amount_paid": total,
                "amount_return": 0,
                "amount_tax": 0,
                "amount_total": total,
            }
        )

    def _confirm(self, points, order=None, **vals):
        order = order or self._order()
        data = {
            "points": points,
            "program_id": self.program.id,
            "coupon_id": self.card.id,
            "barcode": "",
            "partner_id": self.card.partner_id.id,
            **vals,
        }
        order.with_user(self.cashier).confirm_coupon_programs({self.card.id: data})
        self.env.invalidate_all()
        return order

    def test_a_sale_posts_with_its_order(self):
        order = self._confirm(5)
        self.assertEqual(self.card.points, 15)
        entry = self.card.entry_ids[0]
        self.assertEqual((entry.kind, entry.points), ("earn", 5))
        self.assertEqual((entry.source_model, entry.source_id), ("pos.order", order.id))
        self.assertEqual(entry.user_id, self.cashier)
        self._assert_sound()

    def test_a_sale_that_is_sent_twice_counts_once(self):
        """Offline sync doubled points."""
        order = self._confirm(5)
        self._confirm(5, order)
        self.assertEqual(self.card.points, 15)
        order.env["loyalty.history"].search([]).unlink()
        self._confirm(5, order)
        self.assertEqual(self.card.points, 15)
        self.assertEqual(len(self.card.entry_ids), 2)
        self._assert_sound()

    def test_two_tills_do_not_spend_the_same_points(self):
        self._confirm(-10)
        self.assertEqual(self.card.points, 0)
        order = self._order()
        with self.assertRaisesRegex(UserError, "spent meanwhile"):
            with self.env.cr.savepoint():
                self._confirm(-10, order)
        self._assert_sound()

    def test_pending_points_are_refused_before_the_sale(self):
        self.card._post_points(20, "earn", available_date=False)
        Order = self.env["pos.order"].with_user(self.cashier)
        result = Order.validate_coupon_programs({str(self.card.id): -10}, [])
        self.assertEqual(result, {"successful": True, "payload": {}})
        result = Order.validate_coupon_programs({str(self.card.id): -11}, [])
        self.assertFalse(result["successful"])
        self.assertEqual(result["payload"]["updated_points"], {self.card.id: 10})

    def test_a_refund_at_the_till_may_leave_a_debt(self):
        self._confirm(5)
        self._confirm(-15)
        self._confirm(-5, self._order(total=-50))
        self.assertEqual((self.card.points, self.card.points_debt), (-5, 5))
        self.assertEqual(self.card.entry_ids[0].kind, "reverse")
        self._assert_sound()

    def test_cashiers_cannot_edit_balances_or_history(self):
        card = self.card.with_user(self.cashier)
        for attempt in (
            lambda: card.write({"points": 1000}),
            lambda: card.env["loyalty.history"].create(
                {"card_id": card.id, "description": "Gift", "issued": 10}
            ),
        ):
            with self.assertRaises(AccessError):
                attempt()
