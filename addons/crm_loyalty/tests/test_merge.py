"""Merging customers keeps all points and entries."""

from odoo.tests import tagged

from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestMerge(LedgerCase):
    def _merge(self, source, target):
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (source | target).ids, target
        )
        self.env.invalidate_all()

    def test_merging_customers_moves_lots_with_their_days(self):
        """Regression: a merge lost points."""
        self.program.write(
            {"crm_loyalty_expiry_policy": "days", "crm_loyalty_expiry_days": 30}
        )
        source = self._card(10)
        self._on(10)
        source._post_points(5, "bonus")
        target = self._card(7)
        source_partner = source.partner_id
        self._merge(source_partner, target.partner_id)
        self.assertEqual((source.points, target.points), (0, 22))
        self.assertEqual(self._lots(target), [(10, 30), (7, 40), (5, 40)])
        self.assertFalse(source.active)
        self.assertFalse(source.crm_loyalty_lot_ids)
        self._assert_sound()

    def test_merging_customers_keeps_every_entry_with_the_customer_who_stays(self):
        """Regression: a merge lost entries."""
        source, target = self._card(10), self._card(7)
        before = source.crm_loyalty_entry_ids | target.crm_loyalty_entry_ids
        owner = target.partner_id
        self._merge(source.partner_id, owner)
        self.assertEqual(before.exists(), before)
        entries = self.env["crm.loyalty.entry"].search([("partner_id", "=", owner.id)])
        self.assertEqual(before - entries, before.browse())
        self.assertEqual(self._kinds(source), [("opening", 10), ("transfer", -10)])
        self.assertEqual(self._kinds(target), [("opening", 7), ("transfer", 10)])

    def test_adjustments_that_wait_follow_to_the_card_that_stays(self):
        """Regression: their points were posted on the archived card."""
        source, target = self._card(10), self._card(7)
        adjustment = self.env["crm.loyalty.adjustment"].create(
            {"card_id": source.id, "points": 5, "reason": "Sorry"}
        )
        self._merge(source.partner_id, target.partner_id)
        self.assertEqual(adjustment.card_id, target)
        adjustment.action_ask()
        self.assertEqual((adjustment.state, source.points), ("done", 0))
        self.assertEqual(target.points, 22)
        self._assert_sound()

    def test_a_card_without_a_counterpart_changes_hands_as_it_is(self):
        source = self._card(10)
        target = self.env["res.partner"].create({"name": "Ada L."})
        self._merge(source.partner_id, target)
        self.assertEqual((source.partner_id, source.points), (target, 10))
        self.assertEqual(self._kinds(source), [("opening", 10)])
        self._assert_sound()

    def test_debts_and_pending_points_move_too(self):
        source, target = self._card(3), self._card(4)
        source._post_points(-5, "reverse")
        other = self._card(0)
        other._post_points(6, "earn", available_date=False)
        self.assertEqual(source.points, -2)
        owner = target.partner_id
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (source.partner_id | other.partner_id | owner).ids, owner
        )
        self.env.invalidate_all()
        self.assertEqual(target.points, 8)
        self.assertEqual(
            (target.crm_loyalty_points_available, target.crm_loyalty_points_pending),
            (2, 6),
        )
        self._assert_sound()

    def test_a_debt_that_cancels_out_leaves_nothing_on_either_card(self):
        source, target = self._card(0), self._card(4)
        source._post_points(-4, "reverse")
        self._merge(source.partner_id, target.partner_id)
        self.assertEqual((source.points, target.points), (0, 0))
        self.assertFalse((source | target).crm_loyalty_lot_ids)
        self._assert_sound()

    def test_programmes_do_not_mix(self):
        other = self._program("Other")
        source, target = self._card(10), self._card(7)
        second = self._card(5, other, partner_id=source.partner_id.id)
        self._merge(source.partner_id, target.partner_id)
        self.assertEqual((target.points, second.points), (17, 5))
        self.assertEqual(second.partner_id, target.partner_id)
        self._assert_sound()
