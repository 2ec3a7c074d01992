from odoo.tests import HttpCase, tagged

from .common import TillCase


@tagged("post_install", "-at_install")
class TestTillTour(TillCase, HttpCase):
    """A cashier sells and refunds in the browser; the customer follows within a run."""

    def _run_within_a_minute(self):
        """Run what the cashier triggered."""
        self.env.invalidate_all()
        self._run(self.company._lifecycle_today(), quick=True)

    def _tour(self, name, user, url):
        self.env.flush_all()
        self.start_tour(url, name, login=user.login)
        self.env.invalidate_all()

    def test_a_sale_and_a_refund_move_the_customer(self):
        self._rule(self.customer, [("order_count", ">", 0)])
        self._rule(self.lost, [("order_count", "=", 0)], self.customer)
        ada = self._partner("Ada at the till", user_id=self.salesperson.id)
        self._run(self.company._lifecycle_today())
        till = f"/pos/ui/{self.till.id}"

        self._tour("crm_lifecycle_pos_sale", self.cashier, till)
        self._run_within_a_minute()
        profile = self._profile(ada)
        self.assertEqual((profile.stage_id, profile.order_total), (self.customer, 20))

        # The till of a cashier who is a salesperson loads orders with their stage.
        self.cashier.group_ids += self.env.ref("sales_team.group_sale_salesman")
        self._tour("crm_lifecycle_pos_refund", self.cashier, till)
        self._run_within_a_minute()
        self.assertEqual((profile.stage_id, profile.order_total), (self.lost, 0))
        self.assertEqual(profile.order_count, 0)

        profile.user_id = self.salesperson
        self.salesperson.group_ids += self.env.ref("point_of_sale.group_pos_user")
        self._tour(
            "crm_lifecycle_pos_customer",
            self.salesperson,
            f"/odoo/lifecycle/{profile.id}",
        )
