"""Mails about tiers and bonuses, off by default, and who gets none."""

from datetime import date
from unittest.mock import patch

from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common_tier import TierCase


@tagged("post_install", "-at_install")
class TestNotices(TierCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada.write({"email": "Ada@Example.com", "lang": "en_US"})
        cls.warning = cls.env.ref("crm_loyalty.mail_template_tier_at_risk")
        cls.gift = cls.env.ref("crm_loyalty.mail_template_bonus")

    def _mails(self, call, *args):
        """Return the mails that a call creates."""
        before = self.env["mail.mail"].search([])
        call(*args)
        return self.env["mail.mail"].search([]) - before

    # Tiers at risk

    def _gold_at_risk(self):
        self._earn(1000, date(2025, 6, 1))
        self._evaluate(date(2026, 12, 1))
        self.assertEqual(self.card.crm_loyalty_tier_id, self.gold)

    def _warn(self, day=date(2026, 12, 20)):
        return self._mails(self.program._mail_downgrade_warnings, day)

    def test_customers_about_to_lose_a_tier_get_one_mail(self):
        self._gold_at_risk()
        self.assertFalse(self._warn())
        self.program.crm_loyalty_tier_warn_template_id = self.warning
        self.assertFalse(self._warn(date(2026, 12, 1)))
        mail = self._warn()
        self.assertEqual(mail.recipient_ids, self.ada)
        for text in ("Gold", "12/31/2026", "1,000"):
            self.assertIn(text, mail.body_html)
        self.assertFalse(self._warn())
        self.assertFalse(self._warn(date(2026, 12, 21)))

    def test_the_card_shows_the_mail(self):
        self._gold_at_risk()
        self.program.crm_loyalty_tier_warn_template_id = self.warning
        self._warn()
        log = self.card.message_ids.filtered(lambda m: m.message_type == "notification")
        self.assertIn("tier ends soon", log[0].body)
        self.assertIn("ada@example.com", log[0].body)

    def test_a_customer_without_an_address_gets_the_mail_later(self):
        self.program.crm_loyalty_tier_warn_template_id = self.warning
        self._gold_at_risk()
        self.ada.email = False
        self.assertFalse(self._warn())
        self.ada.email = "ada@example.com"
        self.assertTrue(self._warn())

    def test_who_must_not_be_mailed_is_not(self):
        self._gold_at_risk()
        self.program.crm_loyalty_tier_warn_template_id = self.warning
        blacklist = self.env["mail.blacklist"]
        for block, unblock in (
            (
                lambda: blacklist._add("ada@example.com"),
                lambda: blacklist._remove("ada@example.com"),
            ),
            (self.ada.action_archive, self.ada.action_unarchive),
            (lambda: self.ada.write({"email": "nowhere"}), lambda: None),
        ):
            block()
            self.assertFalse(self.card._filter_may_mail("tier_at_risk"))
            self.assertFalse(self._warn())
            unblock()

    def test_the_mail_is_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.ada.lang = "zh_CN"
        self._gold_at_risk()
        self.program.crm_loyalty_tier_warn_template_id = self.warning
        mail = self._warn()
        self.assertIn("等级", mail.body_html)
        self.assertIn("2026/12/31", mail.body_html)

    def test_a_mail_that_fails_leaves_the_others(self):
        bob = self.env["res.partner"].create({"name": "Bob", "email": "b@example.com"})
        cards = self.card | self._card(bob)
        Template = type(self.warning)
        send = Template.send_mail_batch

        def fail_for_ada(template, ids, **kwargs):
            if self.card.id in ids:
                raise ValueError("No mail for Ada")
            return send(template, ids, **kwargs)

        with (
            patch.object(Template, "send_mail_batch", fail_for_ada),
            mute_logger("odoo.addons.crm_loyalty.models.loyalty_card_mail"),
        ):
            self.assertEqual(cards._send_notice(self.warning, "bonus").partner_id, bob)

    # Bonuses

    def _birthday_rule(self, **vals):
        self.ada.crm_loyalty_birthdate = date(1990, 3, 2)
        return self.env["crm.loyalty.bonus.rule"].create(
            {
                "name": "Happy birthday",
                "program_id": self.program.id,
                "trigger": "birthday",
                "points": 50,
                "date_from": date(2024, 1, 1),
                **vals,
            }
        )

    def _post_due(self, rule):
        with freeze_time("2026-03-02 04:00"):
            return self._mails(rule._post_due)

    def test_a_bonus_comes_without_a_mail_by_default(self):
        self.assertFalse(self._post_due(self._birthday_rule()))
        self.assertEqual(self.card.points, 50)

    def test_a_birthday_bonus_comes_with_a_mail_once(self):
        rule = self._birthday_rule(mail_template_id=self.gift.id)
        mail = self._post_due(rule)
        self.assertEqual(mail.recipient_ids, self.ada)
        self.assertIn("Happy birthday", mail.body_html)
        self.assertIn("50 ", mail.body_html)
        self.assertFalse(self._post_due(rule))

    def test_a_customer_who_gets_no_mail_gets_the_points(self):
        self.ada.email = False
        rule = self._birthday_rule(mail_template_id=self.gift.id)
        self.assertFalse(self._post_due(rule))
        self.assertEqual(self.card.points, 50)

    def test_the_job_posts_and_mails_in_batches(self):
        people = self.env["res.partner"].create(
            [
                {
                    "name": f"Member {number}",
                    "email": f"m{number}@example.com",
                    "crm_loyalty_birthdate": date(1990, 3, 2),
                }
                for number in range(3)
            ]
        )
        cards = self.env["loyalty.card"].union(*map(self._card, people))
        rule = self._birthday_rule(mail_template_id=self.gift.id)
        self.ada.crm_loyalty_birthdate = False
        sizes = []
        Cron = type(self.env["ir.cron"])
        self.patch(
            Cron, "_commit_progress", lambda self, count=0, **kw: sizes.append(count)
        )
        module = "odoo.addons.crm_loyalty.models.crm_loyalty_bonus_rule"
        with patch(f"{module}.MAIL_BATCH", 2), freeze_time("2026-03-02 04:00"):
            mails = self._mails(rule._post_due_in_batches)
        self.assertEqual(sizes, [2, 1])
        self.assertEqual(mails.recipient_ids, people)
        self.assertEqual(cards.mapped("points"), [50, 50, 50])
