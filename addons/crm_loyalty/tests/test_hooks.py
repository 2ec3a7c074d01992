"""Installing opens a ledger for the points that are there."""

from odoo.tests import tagged

from ..hooks import post_init_hook
from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestHooks(LedgerCase):
    def test_installing_opens_the_ledger_of_every_card_once(self):
        cards = self._card(10) | self._card(0) | self._card(2.5)
        debtor = self._card(1)
        self.env.flush_all()
        self.env.cr.execute(
            "DELETE FROM loyalty_point_entry WHERE card_id = ANY(%s)",
            [(cards | debtor).ids],
        )
        self.env.cr.execute(
            "UPDATE loyalty_card SET points = -3, active = FALSE WHERE id = %s",
            [debtor.id],
        )
        self.env.cr.execute(
            "UPDATE loyalty_card SET points = 2.123456 WHERE id = %s", [cards[2].id]
        )
        self.env.invalidate_all()
        for _time in range(2):
            post_init_hook(self.env)
        self.assertEqual(
            [self._kinds(card) for card in cards | debtor],
            [[("opening", 10)], [], [("opening", 2.1235)], [("opening", -3)]],
        )
        # PostgreSQL knows no other day than today.
        self._on(self.env.cr.now().date())
        self.assertEqual(debtor.points_debt, 3)
        self.assertEqual(cards.mapped("points"), [10, 0, 2.1235])
        self.assertEqual(cards[0].points_available, 10)
        self._assert_sound()
