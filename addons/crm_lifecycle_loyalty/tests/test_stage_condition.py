from datetime import timedelta

from odoo.tests import freeze_time, tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import LoyaltyLifecycleCase


@tagged("post_install", "-at_install")
class TestStageCondition(LoyaltyLifecycleCase):
    """Stages as a condition to earn points."""

    def test_only_customers_in_the_stages_earn(self):
        profile = self._customer()
        card = self._card(profile.partner_id)
        self.program.lifecycle_stage_ids = self.customer
        profile.stage_id = self.prospect
        self.assertTrue(self.program._has_multiplier())
        self.assertEqual(self.program._get_multiplier(card, profile.partner_id), 0)
        profile.stage_id = self.customer
        self.assertEqual(self.program._get_multiplier(card, profile.partner_id), 1)

    def test_a_contact_earns_by_the_stage_of_its_company(self):
        profile = self._customer("Acme", is_company=True)
        bob = self._partner("Bob", parent_id=profile.partner_id.id)
        profile.stage_id = self.customer
        self.program.lifecycle_stage_ids = self.customer
        self.assertEqual(self.program._get_multiplier(self._card(bob), bob), 1)

    def test_without_stages_everybody_earns(self):
        partner = self._partner()
        card = self._card(partner)
        self.assertEqual(self.program._get_multiplier(card, partner), 1)

    def test_a_bonus_is_for_the_stages_of_its_rule(self):
        profile = self._customer()
        other = self._customer("Bob")
        cards = self._card(profile.partner_id) | self._card(other.partner_id)
        profile.stage_id = self.customer
        other.stage_id = self.lost
        (profile | other).partner_id.crm_loyalty_birthdate = TODAY.replace(year=1990)
        rule = self.env["crm.loyalty.bonus.rule"].create(
            {
                "name": "Birthday",
                "program_id": self.program.id,
                "trigger": "birthday",
                "points": 10,
                "date_from": TODAY - timedelta(days=9),
                "lifecycle_stage_ids": self.customer.ids,
                "birthdate_field_id": self.env["ir.model.fields"]
                ._get("res.partner", "crm_loyalty_birthdate")
                .id,
            }
        )
        with freeze_time(f"{TODAY} 12:00"):
            entries = rule._post_due()
        self.assertEqual(entries.card_id, cards[0])

    def test_who_sees_no_lifecycle_works_with_programs_all_the_same(self):
        self.program.lifecycle_stage_ids = self.customer
        reader = self._user("rita", "crm_loyalty.group_points_adjuster")
        program = self.program.with_user(reader)
        self.assertNotIn("lifecycle_stage_ids", program.fields_get())
        self.assertEqual(program.web_read({"name": {}})[0]["name"], "Club")
        self.assertEqual(
            program._get_multiplier(self.env["loyalty.card"], reader.partner_id), 0
        )
