from datetime import date, datetime

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, new_test_user, tagged

from .common_tier import TierCase


@tagged("post_install", "-at_install")
class TestBonus(TierCase):
    """Bonuses for occasions other than orders, each posted once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.card.crm_loyalty_member_since = date(2023, 1, 15)

    def _rule(self, trigger="birthday", **vals):
        return self.env["crm.loyalty.bonus.rule"].create(
            {
                "name": f"For {trigger}",
                "program_id": self.program.id,
                "trigger": trigger,
                "points": 50,
                "date_from": date(2024, 1, 1),
                "birthdate_field_id": self.env["ir.model.fields"]
                ._get("res.partner", "crm_loyalty_birthdate")
                .id,
                **vals,
            }
        )

    def _post_due(self, rule, day):
        with freeze_time(f"{day} 04:00"):
            return rule._post_due()

    def test_its_customers_are_chosen_by_what_its_author_may_read(self):
        """The job searches as superuser, so the author's own search must pass first."""
        steward = new_test_user(
            self.env,
            "stew",
            groups="crm_loyalty.group_points_manager",
            company_id=self.company.id,
        )
        rule = self._rule().with_user(steward)
        for domain in (
            [("message_ids.mail_server_id.smtp_pass", "=like", "Z%")],
            [("message_ids", "any", [("mail_server_id.smtp_pass", "!=", False)])],
            ["!", ("message_ids.mail_server_id.smtp_user", "=", "post")],
        ):
            with self.subTest(domain=domain), self.assertRaises(AccessError):
                rule.partner_domain = repr(domain)
            with self.assertRaises(AccessError):
                rule.sudo().partner_domain = repr(domain)
        rule.partner_domain = "[('lang', '=', 'en_US')]"

    # Birthday

    def test_a_birthday_gives_its_points_on_the_day_and_once(self):
        self.ada.crm_loyalty_birthdate = date(1990, 3, 2)
        rule = self._rule()
        self.assertFalse(self._post_due(rule, date(2026, 3, 1)))
        entry = self._post_due(rule, date(2026, 3, 2))
        self.assertRecordValues(
            entry,
            [
                {
                    "card_id": self.card.id,
                    "kind": "bonus",
                    "points": 50,
                    "date": date(2026, 3, 2),
                    "reason": "For birthday",
                    "key": f"bonus:{rule.id}:2026",
                }
            ],
        )
        self.assertFalse(self._post_due(rule, date(2026, 3, 2)))
        self.assertFalse(self._post_due(rule, date(2026, 3, 3)))
        self.assertEqual(self.card.points, 50)
        self.assertTrue(self._post_due(rule, date(2027, 3, 2)))

    def test_a_birthday_on_29_february_is_on_28_where_there_is_none(self):
        self.ada.crm_loyalty_birthdate = date(1992, 2, 29)
        rule = self._rule()
        self.assertFalse(self._post_due(rule, date(2026, 2, 27)))
        self.assertTrue(self._post_due(rule, date(2026, 2, 28)))
        self.assertFalse(self._post_due(rule, date(2028, 2, 28)))
        self.assertTrue(self._post_due(rule, date(2028, 2, 29)))

    def test_a_birthday_is_made_up_for_when_the_job_did_not_run(self):
        self.ada.crm_loyalty_birthdate = date(1990, 12, 30)
        rule = self._rule()
        self.assertFalse(self._post_due(rule, date(2026, 1, 31)))
        self.assertTrue(self._post_due(rule, date(2026, 1, 30)))

    def test_a_birthday_before_membership_gives_nothing(self):
        self.ada.crm_loyalty_birthdate = date(1990, 3, 2)
        self.card.crm_loyalty_member_since = date(2026, 3, 3)
        self.assertFalse(self._post_due(self._rule(), date(2026, 3, 3)))

    def test_another_field_of_contacts_may_hold_the_birthday(self):
        self.env["ir.model.fields"].create(
            {
                "name": "x_born",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "field_description": "Born",
                "ttype": "date",
            }
        )
        self.ada.x_born = date(1990, 3, 2)
        field = self.env["ir.model.fields"]._get("res.partner", "x_born")
        rule = self._rule(birthdate_field_id=field.id)
        self.assertTrue(self._post_due(rule, date(2026, 3, 2)))

    def test_a_birthday_needs_a_date_that_is_stored(self):
        field = self.env["ir.model.fields"]._get("res.partner", "name")
        with self.assertRaisesRegex(ValidationError, "For birthday.*stored"):
            self._rule(birthdate_field_id=field.id)

    def test_an_occasion_before_the_rule_gives_nothing(self):
        self.ada.crm_loyalty_birthdate = date(1990, 3, 2)
        rule = self._rule(date_from=date(2026, 3, 3))
        self.assertFalse(self._post_due(rule, date(2026, 3, 3)))

    def test_in_shanghai_a_birthday_begins_before_midnight_utc(self):
        self.ada.crm_loyalty_birthdate = date(1990, 3, 2)
        rule = self._rule()
        with freeze_time("2026-03-01 15:59"):
            self.assertFalse(rule._post_due())
        with freeze_time("2026-03-01 16:00"):
            self.assertTrue(rule._post_due())

    def test_customers_outside_of_the_domain_get_nothing(self):
        bob = self.env["res.partner"].create({"name": "Bob"})
        card = self._card(bob)
        (self.ada | bob).crm_loyalty_birthdate = date(1990, 3, 2)
        rule = self._rule(partner_domain="[('name', '=', 'Bob')]")
        self.assertEqual(self._post_due(rule, date(2026, 3, 2)).card_id, card)

    def test_a_domain_that_cannot_be_read_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "For birthday"):
            self._rule(partner_domain="[('nothing', '=', 1)]")

    def test_archived_cards_and_programs_get_nothing(self):
        self.ada.crm_loyalty_birthdate = date(1990, 3, 2)
        rule = self._rule()
        self.card.action_archive()
        self.assertFalse(self._post_due(rule, date(2026, 3, 2)))

    def test_a_second_card_of_a_customer_brings_no_second_bonus(self):
        self.ada.crm_loyalty_birthdate = date(1990, 3, 2)
        rule = self._rule()
        self._post_due(rule, date(2026, 3, 2))
        self.card.action_archive()
        self._card(self.ada)
        self.assertFalse(self._post_due(rule, date(2026, 3, 3)))

    # Anniversary and sign-up

    def test_each_year_of_membership_gives_its_points(self):
        rule = self._rule("anniversary")
        self.assertFalse(self._post_due(rule, date(2026, 1, 14)))
        self.assertTrue(self._post_due(rule, date(2026, 1, 15)))
        self.assertFalse(self._post_due(rule, date(2026, 1, 16)))

    def test_the_day_of_joining_is_no_anniversary(self):
        rule = self._rule("anniversary")
        self.card.crm_loyalty_member_since = date(2026, 1, 15)
        self.assertFalse(self._post_due(rule, date(2026, 1, 15)))

    def test_joining_gives_points_once(self):
        rule = self._rule("signup")
        self.env.cr.execute(
            "UPDATE loyalty_card SET create_date = %s WHERE id = %s",
            [datetime(2026, 3, 1, 16, 0), self.card.id],
        )
        self.assertFalse(self._post_due(rule, date(2026, 3, 1)))
        self.assertTrue(self._post_due(rule, date(2026, 3, 2)))
        self.assertFalse(self._post_due(rule, date(2026, 3, 3)))

    # Tiers

    def test_a_bonus_counts_for_tiers_only_if_its_rule_says_so(self):
        self.ada.crm_loyalty_birthdate = date(1990, 3, 2)
        self._post_due(self._rule(points=600), date(2026, 3, 2))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.basic)
        self._post_due(self._rule(points=600, is_qualifying=True), date(2026, 3, 2))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.silver)

    # Documents of other apps

    def test_an_occasion_of_a_missing_application_is_refused_by_name(self):
        missing = [
            trigger
            for trigger, model in [
                ("survey", "survey.user_input"),
                ("event", "event.registration"),
            ]
            if model not in self.env
        ]
        for trigger in missing:
            with self.assertRaisesRegex(ValidationError, "install the application"):
                self._rule(trigger)

    def test_a_rating_gives_points_once_per_document(self):
        if "rating.rating" not in self.env:
            self.skipTest("no application with ratings is installed")
        rule = self._rule("rating")
        for score in (5, 4):
            self.env["rating.rating"].create(
                {
                    "res_model_id": self.env["ir.model"]._get_id("res.partner"),
                    "res_id": self.ada.id,
                    "partner_id": self.ada.id,
                    "rating": score,
                    "consumed": True,
                }
            )
        day = self.program._get_loyalty_today()
        self.assertEqual(len(rule._post_due()), 1)
        self.assertFalse(rule._post_due(day))

    def test_an_answered_survey_gives_points_once(self):
        if "survey.survey" not in self.env:
            self.skipTest("no surveys are installed")
        rule = self._rule("survey")
        survey = self.env["survey.survey"].create({"title": "How was it?"})
        answers = {"survey_id": survey.id, "partner_id": self.ada.id}
        answers["end_datetime"] = datetime(2026, 3, 2, 4)
        for state, test, given in (
            ("in_progress", False, 0),
            ("done", True, 0),
            ("done", False, 1),
            ("done", False, 0),
        ):
            self.env["survey.user_input"].create(
                {**answers, "state": state, "test_entry": test}
            )
            self.env.flush_all()
            self.assertEqual(len(rule._post_due(date(2026, 3, 2))), given)

    def test_an_attended_event_gives_points_once(self):
        if "event.registration" not in self.env:
            self.skipTest("no events are installed")
        rule = self._rule("event")
        event = self.env["event.event"].create(
            {
                "name": "Tasting",
                "date_begin": datetime(2026, 3, 1, 4),
                "date_end": datetime(2026, 3, 1, 8),
            }
        )
        for state, given in (("open", 0), ("done", 1), ("done", 0)):
            registration = self.env["event.registration"].create(
                {"event_id": event.id, "partner_id": self.ada.id, "state": state}
            )
            registration.date_closed = datetime(2026, 3, 1, 8)
            self.env.flush_all()
            self.assertEqual(len(rule._post_due(date(2026, 3, 2))), given)

    # By hand

    def _grant(self, rule, reason="Sorry", user=None):
        wizard = (
            self.env["crm.loyalty.bonus.grant"]
            .with_user(user or self.adjuster)
            .create({"card_id": self.card.id, "rule_id": rule.id, "reason": reason})
        )
        return wizard.action_grant()

    def test_a_bonus_by_hand_has_a_reason_and_a_giver(self):
        self._grant(self._rule("manual"))
        self.assertRecordValues(
            self.card.crm_loyalty_entry_ids,
            [
                {
                    "kind": "bonus",
                    "points": 50,
                    "reason": "For manual: Sorry",
                    "user_id": self.adjuster.id,
                }
            ],
        )

    def test_once_a_month_is_once_a_month(self):
        rule = self._rule("manual", manual_period="month")
        with freeze_time("2026-03-31 12:00"):
            self._grant(rule)
            with self.assertRaisesRegex(UserError, "Ada.*For manual"):
                self._grant(rule)
        with freeze_time("2026-03-31 16:00"):
            self._grant(rule)
        self.assertEqual(self.card.points, 100)

    def test_who_sees_points_gives_none(self):
        with self.assertRaises(AccessError):
            self._grant(self._rule("manual"), user=self.reader)

    def test_only_what_is_given_by_hand_is_given_by_hand(self):
        with self.assertRaisesRegex(UserError, "For birthday"):
            self._grant(self._rule("birthday"))

    def test_a_bonus_by_hand_is_for_the_customers_of_its_rule(self):
        rule = self._rule("manual", partner_domain="[('name', '=', 'Bob')]")
        with self.assertRaisesRegex(UserError, "not for Ada"):
            self._grant(rule)

    # Job

    def test_the_job_posts_what_is_due_and_a_second_run_nothing(self):
        self.ada.crm_loyalty_birthdate = date(1990, 3, 2)
        self._rule()
        for _run in range(2):
            with self.enter_registry_test_mode(), freeze_time("2026-03-02 04:00"):
                self.env.ref("crm_loyalty.ir_cron_bonus").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(self.card.points, 50)

    def test_a_hundred_birthdays_cost_a_fixed_number_of_queries(self):
        partners = self.env["res.partner"].create(
            [
                {"name": f"P{i}", "crm_loyalty_birthdate": date(1990, 3, 2)}
                for i in range(100)
            ]
        )
        self.env["loyalty.card"].create(
            [
                {
                    "partner_id": partner.id,
                    "program_id": self.program.id,
                    "crm_loyalty_member_since": date(2025, 1, 1),
                }
                for partner in partners
            ]
        )
        rule = self._rule()
        self.env.flush_all()
        self.env.invalidate_all()
        with freeze_time("2026-03-02 04:00"), self.assertQueryCount(8):
            rule._get_due_occasions(date(2026, 3, 2))
