"""Installation and uninstallation hooks."""

from odoo.tests import tagged

from ..hooks import post_init_hook, uninstall_hook
from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestHooks(LedgerCase):
    def test_installing_opens_the_ledger_of_every_card_once(self):
        cards = self._card(10) | self._card(0) | self._card(2.5)
        debtor = self._card(1)
        self.env.flush_all()
        self.env.cr.execute(
            "DELETE FROM crm_loyalty_entry WHERE card_id = ANY(%s)",
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
        # The hook takes the day from PostgreSQL, which can't be patched.
        self._on(self.env.cr.now().date())
        self.assertEqual(debtor.crm_loyalty_points_debt, 3)
        self.assertEqual(cards.mapped("points"), [10, 0, 2.1235])
        self.assertEqual(cards[0].crm_loyalty_points_available, 10)
        self._assert_sound()

    def _came_with_the_addon(self, record):
        self.env["ir.model.data"].create(
            {
                "module": "crm_loyalty",
                "name": f"{record._table}_{record.id}_test",
                "model": record._name,
                "res_id": record.id,
            }
        )

    def test_uninstalling_lets_cards_go_that_came_with_the_addon(self):
        """Regression: a card with a ledger was archived, and kept its program."""
        program = self.program.copy()
        card = self._card(100, program)
        card._post_points(-60, "burn")
        for record in (card, program):
            self._came_with_the_addon(record)
        uninstall_hook(self.env)
        card.unlink()
        program.action_archive()
        program.unlink()
        self.assertFalse(card.exists() or program.exists())

    def test_uninstalling_leaves_cards_and_programmes_that_others_have(self):
        mine, theirs = self._card(100), self._card(50)
        for record in (mine, self.program):
            self._came_with_the_addon(record)
        uninstall_hook(self.env)
        self.assertEqual(theirs.crm_loyalty_entry_ids.mapped("points"), [50])
        self.assertFalse(
            self.env["ir.model.data"].search(
                [
                    ("module", "=", "crm_loyalty"),
                    ("model", "=", "loyalty.program"),
                    ("res_id", "=", self.program.id),
                ]
            )
        )
