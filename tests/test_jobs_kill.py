"""Jobs of loyalty and of reports that are killed at each of their commits.

As in `test_playbook_kill`, the next call always leaves the same rows as an undisturbed
job.
"""

from contextlib import contextmanager
from datetime import date, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import SUPERUSER_ID, api
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from odoo.addons.crm_loyalty.models import (
    loyalty_card_expiry,
    loyalty_card_mail,
    loyalty_program_tier,
)

from .killed import KillCase

MEMBERS = 5
TODAY = date.today()


class LoyaltyKill(KillCase):
    """Members of a program; the job processes two cards at a time."""

    program = {}

    def _build(self, env):
        program = env["loyalty.program"].create(
            {
                "name": "Kill",
                "program_type": "loyalty",
                "applies_on": "both",
                "trigger": "auto",
                "company_id": env.ref("base.main_company").id,
                "portal_point_name": "points",
                **self.program,
            }
        )
        members = env["res.partner"].create(
            [
                {"name": f"Kill {number}", "email": f"kill{number}@example.com"}
                for number in range(MEMBERS)
            ]
        )
        self.program_id, self.partner_ids = program.id, members.ids
        self._fill(env)

    def _fill(self, env):
        """Give each member a card with the entries that the job processes."""
        cards = env["loyalty.card"].create(
            [
                {"program_id": self.program_id, "partner_id": partner_id}
                for partner_id in self.partner_ids
            ]
        )
        self._post(cards)

    def _post(self, cards):
        raise NotImplementedError

    def _take_away(self, cr):
        """Delete the ledger by SQL: the ORM refuses it."""
        mine = {"program": self.program_id, "partners": self.partner_ids}
        entries = "SELECT id FROM crm_loyalty_entry WHERE program_id = %(program)s"
        cards = "SELECT id FROM loyalty_card WHERE program_id = %(program)s"
        messages = (
            "SELECT id FROM mail_message WHERE model = 'loyalty.card' "
            f"AND res_id IN ({cards})"
        )
        for statement in (
            f"DELETE FROM crm_loyalty_consumption WHERE entry_id IN ({entries})",
            f"DELETE FROM mail_mail WHERE mail_message_id IN ({messages})",
            f"DELETE FROM mail_message WHERE id IN ({messages})",
            """DELETE FROM mail_activity WHERE res_model = 'res.partner'
                AND res_id = ANY(%(partners)s)""",
            "DELETE FROM crm_loyalty_tier_history WHERE program_id = %(program)s",
            f"DELETE FROM loyalty_history WHERE card_id IN ({cards})",
            "DELETE FROM crm_loyalty_entry WHERE program_id = %(program)s",
            "DELETE FROM loyalty_card WHERE program_id = %(program)s",
        ):
            cr.execute(statement, mine)

    def _forget_work(self, cr):
        self._take_away(cr)
        self._fill(api.Environment(cr, SUPERUSER_ID, {}))

    def _clean_up(self):
        with self.registry.cursor() as cr:
            self._take_away(cr)
            env = api.Environment(cr, SUPERUSER_ID, {})
            program = env["loyalty.program"].browse(self.program_id)
            program.active = False
            program.unlink()
            env["res.partner"].browse(self.partner_ids).unlink()

    def _ask(self, query):
        """Return rows of the program's cards, in the order of their members."""
        return self._query(
            f"SELECT array_position(%s, c.partner_id), {query}",
            self.partner_ids,
            self.program_id,
        )

    def _read(self):
        return {
            "cards": self._ask(
                "c.points, c.crm_loyalty_tier_until, c.crm_loyalty_tier_warned_until, "
                "t.name->>'en_US' "
                "FROM loyalty_card AS c LEFT JOIN crm_loyalty_tier AS t "
                "ON t.id = c.crm_loyalty_tier_id WHERE c.program_id = %s ORDER BY 1"
            ),
            "ledger": self._ask(
                "e.kind, e.points, e.remaining, e.reminded "
                "FROM crm_loyalty_entry AS e JOIN loyalty_card AS c "
                "ON c.id = e.card_id WHERE c.program_id = %s ORDER BY 1, e.sequence"
            ),
            "mails": self._ask(
                "COUNT(*) FROM mail_mail AS l JOIN mail_message AS m "
                "ON m.id = l.mail_message_id AND m.model = 'loyalty.card' "
                "JOIN loyalty_card AS c ON c.id = m.res_id "
                "WHERE c.program_id = %s GROUP BY 1 ORDER BY 1"
            ),
            "tiers": self._ask(
                "h.kind, h.date FROM crm_loyalty_tier_history AS h "
                "JOIN loyalty_card AS c "
                "ON c.id = h.card_id WHERE c.program_id = %s ORDER BY 1, h.id"
            ),
            "tasks": self._ask(
                "COUNT(*) FROM mail_activity AS a JOIN loyalty_card AS c "
                "ON c.partner_id = a.res_id AND a.res_model = 'res.partner' "
                "WHERE c.program_id = %s GROUP BY 1 ORDER BY 1"
            ),
        }

    def _assert_sound(self):
        """Check the ledger as the nightly proof does."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            proof = env["crm.loyalty.check"]._check_ledger()
            self.assertFalse(proof.fault_ids)
            cr.rollback()


@tagged("post_install", "-at_install")
class TestExpiryKill(LoyaltyKill):
    job = "crm_loyalty.ir_cron_expire"

    def _patch(self):
        batches = patch.object(
            loyalty_card_expiry.LoyaltyCard._expire_batch, "__defaults__", (None, 2)
        )
        batches.start()
        self.addCleanup(batches.stop)

    def _post(self, cards):
        yesterday = TODAY - timedelta(days=1)
        cards._post_points(10, "bonus", expiration_date=yesterday)
        cards._post_points(3, "bonus", expiration_date=TODAY + timedelta(days=40))

    def test_points_expire_once_whenever_the_job_dies(self):
        expected, commits = self._work_undisturbed()
        self.assertGreaterEqual(commits, 3)
        self.assertEqual([row[1] for row in expected["cards"]], [3] * MEMBERS)
        self.assertEqual(
            [row[1:3] for row in expected["ledger"] if row[1] == "expire"],
            [("expire", -10)] * MEMBERS,
        )
        self._kill_at_each_commit(expected, commits)
        self._assert_sound()


@tagged("post_install", "-at_install")
class TestReminderKill(LoyaltyKill):
    job = "crm_loyalty.ir_cron_remind"
    program = {"crm_loyalty_expiry_reminder": True}

    def _patch(self):
        batches = patch.object(loyalty_card_mail, "MAIL_BATCH", 2)
        batches.start()
        self.addCleanup(batches.stop)

    def _post(self, cards):
        cards._post_points(10, "bonus", expiration_date=TODAY + timedelta(days=5))

    def test_members_are_reminded_once_whenever_the_job_dies(self):
        expected, commits = self._work_undisturbed()
        self.assertGreaterEqual(commits, 3)
        self.assertEqual([row[1] for row in expected["mails"]], [1] * MEMBERS)
        self._kill_at_each_commit(expected, commits)


@tagged("post_install", "-at_install")
class TestTierKill(LoyaltyKill):
    """Two cards lose their tier, the others will soon: tasks are planned."""

    job = "crm_loyalty.ir_cron_tiers"
    program = {
        "crm_loyalty_tier_warn_days": 366,
        "crm_loyalty_tier_ids": [
            Command.create({"name": name, "threshold": threshold})
            for name, threshold in (("Basic", 0), ("Silver", 500))
        ],
    }

    def _patch(self):
        batches = patch.object(loyalty_program_tier, "BATCH", 2)
        batches.start()
        self.addCleanup(batches.stop)

    def _post(self, cards):
        for years, some in ((2, cards[:2]), (1, cards[2:])):
            day = date(TODAY.year - years, 1, 15)
            some.crm_loyalty_member_since = day
            with freeze_time(f"{day} 12:00"):
                some._post_points(600, "earn")

    def test_tiers_change_once_whenever_the_job_dies(self):
        expected, commits = self._work_undisturbed()
        self.assertGreaterEqual(commits, 4)
        self.assertEqual(
            [row[4] for row in expected["cards"]], ["Basic"] * 2 + ["Silver"] * 3
        )
        self.assertEqual(
            [row[1] for row in expected["tiers"] if row[0] <= 2], ["up", "down"] * 2
        )
        self.assertEqual([row[0] for row in expected["tasks"]], [3, 4, 5])
        self._kill_at_each_commit(expected, commits)


@tagged("post_install", "-at_install")
class TestMailingKill(KillCase):
    """Two reports for two recipients each: each recipient gets each report once."""

    job = "crm_lifecycle_documents.ir_cron_mailing"

    def _build(self, env):
        company = env.ref("base.main_company")
        lifecycle = env["crm.lifecycle"].create(
            {
                "name": "Mailing kill",
                "company_id": company.id,
                "stage_ids": [Command.create({"name": "a", "code": "a"})],
            }
        )
        users = env["res.users"]
        for name in ("one", "two"):
            users |= new_test_user(
                env,
                f"mailing_kill_{name}",
                groups="sales_team.group_sale_manager",
                email=f"{name}@example.com",
                context={"no_reset_password": True},
            )
        mailings = env["crm.lifecycle.mailing"].create(
            [
                {
                    "name": f"Mailing kill {number}",
                    "company_id": company.id,
                    "lifecycle_id": lifecycle.id,
                    "user_ids": [Command.set(users.ids)],
                }
                for number in range(2)
            ]
        )
        self.lifecycle_id, self.mailing_ids = lifecycle.id, mailings.ids
        self.user_ids = users.ids
        self._set_due(env.cr)

    @contextmanager
    def _work(self):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _set_due(self, cr):
        cr.execute(
            "UPDATE crm_lifecycle_mailing SET next_date = %s WHERE id = ANY(%s)",
            [TODAY, self.mailing_ids],
        )

    def _forget_work(self, cr):
        cr.execute(
            "DELETE FROM crm_lifecycle_mailing_delivery WHERE mailing_id = ANY(%s)",
            [self.mailing_ids],
        )
        cr.execute(
            "DELETE FROM mail_mail WHERE email_to LIKE '%%mailing_kill_%%'"
            " AND state = 'outgoing'"
        )
        self._set_due(cr)

    def _clean_up(self):
        with self._work() as env:
            self._forget_work(env.cr)
            env["crm.lifecycle.mailing"].browse(self.mailing_ids).unlink()
            env["crm.lifecycle"].browse(self.lifecycle_id).unlink()
            users = env["res.users"].browse(self.user_ids)
            partners = users.partner_id
            users.unlink()
            partners.unlink()

    def _read(self):
        return {
            "deliveries": self._query(
                "SELECT mailing_id, user_id, state, attempt_count, error, date_to "
                "FROM crm_lifecycle_mailing_delivery WHERE mailing_id = ANY(%s) "
                "ORDER BY 1, 2",
                self.mailing_ids,
            ),
            "mails": self._query(
                "SELECT m.email_to, COUNT(*), COUNT(a.attachment_id) "
                "FROM mail_mail AS m LEFT JOIN message_attachment_rel AS a "
                "ON a.message_id = m.mail_message_id "
                "WHERE m.email_to LIKE '%%mailing_kill_%%' GROUP BY 1 ORDER BY 1"
            ),
            "next": self._query(
                "SELECT id, next_date > %s FROM crm_lifecycle_mailing "
                "WHERE id = ANY(%s) ORDER BY 1",
                TODAY,
                self.mailing_ids,
            ),
        }

    def test_each_gets_each_report_once_whenever_the_job_dies(self):
        expected, commits = self._work_undisturbed()
        self.assertGreaterEqual(commits, 2)
        self.assertEqual(
            [row[2:5] for row in expected["deliveries"]], [("sent", 1, None)] * 4
        )
        self.assertEqual([row[1:] for row in expected["mails"]], [(2, 2)] * 2)
        self.assertEqual([row[1] for row in expected["next"]], [True] * 2)
        self._kill_at_each_commit(expected, commits)
