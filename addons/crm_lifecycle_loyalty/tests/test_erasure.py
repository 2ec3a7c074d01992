from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import LoyaltyLifecycleCase

SECRET = "Zaphod"


@tagged("post_install", "-at_install")
class TestErasure(LoyaltyLifecycleCase):
    """Erasing a member keeps the chain of the ledger valid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile = cls._customer(SECRET)
        cls.card = cls._card(cls.profile.partner_id)
        cls.other = cls._card(cls._partner("Ada"))
        for card in (cls.card, cls.other):
            cls._points(card, 100)
            card._post_points(50, "bonus", reason=f"Because of {SECRET}")
            card._post_points(-30, "burn")
        adjustment = cls.env["crm.loyalty.adjustment"].create(
            {"card_id": cls.card.id, "points": 5, "reason": f"{SECRET} complained"}
        )
        adjustment.action_ask()
        cls.env.flush_all()
        cls.Proof = cls.env["crm.loyalty.check"]

    def _get_decision(self):
        [model] = [
            model
            for model in self.env["crm.lifecycle.profile"]._get_personal_models()
            if model.name == "loyalty.card"
        ]
        return model

    def _check_ledger(self):
        self.env.flush_all()
        # Make all entries old enough for the digest.
        self.env.cr.execute("SELECT (now() + interval '1 day') AT TIME ZONE 'UTC'")
        proof = self.Proof._check_ledger(
            self.env.cr.fetchone()[0].replace(microsecond=0)
        )
        return proof.fault_ids.filtered(
            lambda fault: (
                fault.card_id in self.card | self.other or fault.kind == "anchor"
            )
        ).mapped("kind")

    def _get_texts(self):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT string_agg(t, ' ') FROM ("
            " SELECT reason FROM crm_loyalty_entry WHERE card_id = %(card)s"
            " UNION ALL SELECT reason FROM crm_loyalty_adjustment"
            "  WHERE card_id = %(card)s"
            " UNION ALL SELECT description FROM loyalty_history"
            "  WHERE card_id = %(card)s"
            ") AS texts (t)",
            {"card": self.card.id},
        )
        return self.env.cr.fetchone()[0]

    def test_words_go_points_and_proof_stay(self):
        self.assertEqual(self._check_ledger(), [])
        self.assertIn(SECRET, self._get_texts())
        entries = [
            (e.kind, e.points, e.remaining, e.date)
            for e in self.card.crm_loyalty_entry_ids
        ]
        self.card._erase_personal_data()
        self.env.invalidate_all()
        self.assertNotIn(SECRET, self._get_texts())
        self.assertEqual(
            [
                (e.kind, e.points, e.remaining, e.date)
                for e in self.card.crm_loyalty_entry_ids
            ],
            entries,
        )
        self.assertEqual(self.card.points, 125)
        # The chain and the digest of the last proof are still valid.
        self.assertEqual(self._check_ledger(), [])
        self.assertIn(
            SECRET,
            " ".join(self.other.crm_loyalty_entry_ids.mapped(lambda e: e.reason or "")),
        )

    def test_the_last_proof_tells_that_entries_were_sealed_anew(self):
        self._check_ledger()
        last = self.Proof.search([("anchor_date", "!=", False)], limit=1)
        self.card._erase_personal_data()
        self.assertIn("A person was erased", str(last.message_ids[:1].body))

    def test_a_forged_ledger_is_not_sealed_anew(self):
        entry = self.card.crm_loyalty_entry_ids[:1]
        self.env.cr.execute(
            "UPDATE crm_loyalty_entry SET points = points + 1 WHERE id = %s",
            [entry.id],
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "changed past the ledger"):
            self.card._erase_personal_data()

    def test_points_are_exported_with_their_reasons(self):
        card = self._get_decision().get_row(self.card)
        self.assertEqual(card["points"], 125)
        self.assertEqual(
            [item["points"] for item in card["entries"]], [100, 50, -30, 5]
        )
        self.assertIn(SECRET, card["entries"][1]["reason"])
        html = self.env["ir.qweb"]._render(
            self._get_decision().template, {"data": {"cards": [card]}}
        )
        self.assertIn("Club", html)
        self.assertIn(SECRET, html)

    def test_points_are_posted_on_after_it(self):
        self.card._erase_personal_data()
        self.card._post_points(7, "bonus")
        self.assertEqual(self._check_ledger(), [])
