"""The check finds changes in the database and notifies managers of points."""

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from ..engine import chain
from .common import LedgerCase


@tagged("post_install", "-at_install")
class TestProof(LedgerCase):
    def setUp(self):
        super().setUp()
        self.card = self._card(10)
        self.card._post_points(5, "bonus", reason="Birthday")
        self.card._post_points(-12, "burn")
        self.other = self._card(7)
        self.first, self.second, self.third = self.card.crm_loyalty_entry_ids.sorted(
            "sequence"
        )

    def _check_ledger(self, anchor=None):
        self.env.invalidate_all()
        return self.env["crm.loyalty.check"]._check_ledger(anchor)

    def _tamper(self, query, *params):
        self.env.flush_all()
        self.env.cr.execute(query, params or None)

    def _assert_found(self, *kinds):
        proof = self._check_ledger()
        self.assertEqual(proof.state, "failed")
        self.assertEqual(proof.fault_ids.card_id, self.card)
        self.assertEqual(sorted(proof.fault_ids.mapped("kind")), sorted(kinds))
        return proof

    def test_a_sound_ledger_is_proved(self):
        proof = self._check_ledger()
        self.assertEqual((proof.state, proof.fault_count), ("ok", 0))
        self.assertGreaterEqual(proof.card_count, 2)
        self.assertGreaterEqual(proof.entry_count, 4)

    def test_points_written_by_sql_are_found(self):
        self._tamper("UPDATE loyalty_card SET points = 99 WHERE id = %s", self.card.id)
        proof = self._assert_found("balance")
        self.assertEqual((proof.fault_ids.expected, proof.fault_ids.found), (3, 99))

    def test_a_changed_entry_is_found(self):
        for column, value in (
            ("reason", "Wedding"),
            ("kind", "adjust"),
            ("date", "2020-01-01"),
            ("user_id", self.manager.id),
            ("key", "x"),
            ("waived", 1),
            ("create_date", "2020-01-01"),
            ("card_id", None),
        ):
            if value is None:
                continue
            with self.subTest(column=column), self.env.cr.savepoint() as savepoint:
                self._tamper(
                    f"UPDATE crm_loyalty_entry SET {column} = %s WHERE id = %s",
                    value,
                    self.second.id,
                )
                self._assert_found("chain")
                savepoint.rollback()

    def test_changed_points_are_found_even_if_the_balance_follows(self):
        self._tamper(
            "UPDATE crm_loyalty_entry SET points = 50, remaining = remaining + 45 "
            "WHERE id = %s",
            self.second.id,
        )
        self._tamper(
            "UPDATE loyalty_card SET points = points + 45 WHERE id = %s", self.card.id
        )
        self._assert_found("chain")

    def test_a_removed_entry_is_found(self):
        self._tamper(
            "DELETE FROM crm_loyalty_consumption WHERE %s IN (award_id, entry_id)",
            self.third.id,
        )
        self._tamper("DELETE FROM crm_loyalty_entry WHERE id = %s", self.third.id)
        self._assert_found("balance", "lots", "remaining")

    def test_changed_lots_are_found(self):
        self._tamper(
            "UPDATE crm_loyalty_entry SET remaining = remaining + 1 WHERE id = %s",
            self.second.id,
        )
        self._assert_found("lots", "remaining")

    def test_lots_that_were_swapped_are_found(self):
        self._tamper(
            "UPDATE crm_loyalty_entry SET remaining = 3 - remaining WHERE id IN %s",
            (self.first.id, self.second.id),
        )
        self._assert_found("remaining")

    def test_a_chain_that_was_sealed_anew_is_found_by_the_last_digest(self):
        anchor = self.env.cr.now().replace(year=9999)
        self.assertEqual(self._check_ledger(anchor).state, "ok")
        self.assertEqual(self._check_ledger(anchor).state, "ok")
        self._tamper(
            "UPDATE crm_loyalty_entry SET reason = 'Forged' WHERE id = %s",
            self.second.id,
        )
        for entry in (self.second, self.third):
            self._tamper(
                SQL(
                    "UPDATE crm_loyalty_entry AS e SET hash = %s FROM "
                    "crm_loyalty_entry AS p WHERE e.id = %s "
                    "AND p.card_id = e.card_id AND p.sequence = e.sequence - 1",
                    chain.hash_columns_sql(SQL("p.hash"), "e"),
                    entry.id,
                )
            )
        proof = self._check_ledger(anchor)
        self.assertEqual(proof.fault_ids.mapped("kind"), ["anchor"])

    def test_entries_after_the_last_digest_are_no_fault(self):
        anchor = self.env.cr.now().replace(year=9999)
        old = self.env.cr.now().replace(year=2000)
        self._check_ledger(old)
        self.card._post_points(1, "bonus")
        self.assertEqual(self._check_ledger(anchor).state, "ok")

    def test_those_in_charge_are_told_and_nobody_else(self):
        self._tamper("UPDATE loyalty_card SET points = 99 WHERE id = %s", self.card.id)
        with self.enter_registry_test_mode():
            self.env.ref("crm_loyalty.ir_cron_prove").method_direct_trigger()
        self.env.invalidate_all()
        proof = self.env["crm.loyalty.check"].search([], limit=1)
        self.assertEqual(proof.state, "failed")
        told = proof.activity_ids.user_id
        self.assertIn(self.manager, told)
        self.assertNotIn(self.approver, told)
        self.assertTrue(proof.anchor_date)

    def test_a_proof_is_started_by_managers_alone(self):
        with self.assertRaises(AccessError):
            self.env["crm.loyalty.check"].with_user(self.approver).action_prove()
        action = self.env["crm.loyalty.check"].with_user(self.manager).action_prove()
        proof = self.env["crm.loyalty.check"].browse(action["res_id"])
        self.assertEqual(proof.with_user(self.manager).state, "ok")
        with self.assertRaises(AccessError):
            proof.with_user(self.manager).write({"state": "failed"})
