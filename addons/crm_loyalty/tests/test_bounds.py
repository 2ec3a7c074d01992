"""Every number and day is either refused with a clear error, or works everywhere."""

import importlib.util
from datetime import date
from pathlib import Path
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.base_rename.tests.common import former_names

from ..engine.ledger import MAX_BALANCE, MAX_POINTS
from ..renames import RENAMES
from .common import LedgerCase

NUMBERS = (
    -(2**31) - 1,
    -(2**31),
    -1,
    0,
    0.5,
    180,
    2**31 - 1,
    2**31,
    MAX_POINTS,
    9.3e14,
    2**63,
    1e300,
    -1e300,
    float("inf"),
    float("-inf"),
    float("nan"),
)
DAYS = (
    "0001-01-01",
    "1899-12-31",
    "1900-01-01",
    "2199-12-31",
    "2200-01-01",
    "9999-12-31",
    "10000-01-01",
)
KINDS = {"integer": NUMBERS, "float": NUMBERS, "monetary": NUMBERS, "date": DAYS}
MIGRATION = Path(__file__).parent.parent / "migrations/19.0.1.1.0/pre-bounds.py"


@tagged("post_install", "-at_install")
class TestBounds(LedgerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program.write(
            {
                "crm_loyalty_expiry_policy": "days",
                "crm_loyalty_pending_policy": "days",
                "crm_loyalty_expiry_reminder": True,
                "crm_loyalty_tier_ids": [
                    Command.create({"name": "Basic", "threshold": 0}),
                    Command.create({"name": "Gold", "threshold": 1000}),
                ],
                "communication_plan_ids": [
                    Command.create(
                        {
                            "trigger": "points_reach",
                            "points": 5000,
                            "mail_template_id": (
                                cls.program.crm_loyalty_reminder_template_id.id
                            ),
                        }
                    )
                ],
            }
        )
        cls.bonus = cls.env["crm.loyalty.bonus.rule"].create(
            {"name": "Birthday", "program_id": cls.program.id, "points": 5}
        )
        cls.manual = cls.bonus.copy({"name": "Sorry", "trigger": "manual"})

    def setUp(self):
        super().setUp()
        self.card = self._card(50)
        self.card._post_points(10, "earn")

    def _get_records(self):
        """Return the records to write on, each with a user who may write it."""
        adjustment = {"card_id": self.card.id, "points": 1, "reason": "Mistake"}
        Adjustment = self.env["crm.loyalty.adjustment"].with_user(self.manager)
        mine = (
            self.program,
            self.program.rule_ids,
            self.program.reward_ids,
            self.program.communication_plan_ids,
            self.program.crm_loyalty_tier_ids[-1],
            self.bonus,
            self.card,
        )
        return [
            *(record.with_user(self.manager) for record in mine),
            Adjustment.create(adjustment),
            self.company,
            self.card.partner_id,
        ]

    def _get_wizards(self):
        card = {"card_id": self.card.id}
        preview = (
            self.env["crm.loyalty.tier.preview"].with_user(self.manager).create({})
        )
        return [
            ("loyalty.card.update.balance", {**card, "description": "Gift"}),
            ("crm.loyalty.reinstatement", {**card, "reason": "Kindness"}),
            (
                "loyalty.generate.wizard",
                {"program_id": self.program.id, "mode": "anonymous"},
            ),
            ("crm.loyalty.tier.preview", {"program_ids": [(6, 0, self.program.ids)]}),
            ("crm.loyalty.tier.preview.line", {"preview_id": preview.id}),
            ("crm.loyalty.bonus.grant", {**card, "rule_id": self.manual.id}),
        ]

    def _get_fields(self, model):
        """Return the writable numbers and days of a model, of contacts only our own."""
        for name, field in model._fields.items():
            if (
                field.type in KINDS
                and field.store
                and not field.related
                and name not in ("id", "create_uid", "color", "sequence")
                and (
                    model._name not in ("res.company", "res.partner")
                    or name.startswith("loyalty_")
                )
            ):
                yield name, field

    def _use(self):
        """Run all jobs, pages and reports with the accepted values."""
        self.env.flush_all()
        self.env.invalidate_all()
        Card = self.env["loyalty.card"]
        self.card.sudo().read()
        self.program.sudo().read()
        self.card._post_points(1, "earn")
        Card._expire_points()
        self.program._evaluate_tiers()
        self.program._get_cards_to_remind()
        self.program._schedule_downgrade_warnings(self.program._get_loyalty_today())
        self.bonus._get_due_occasions(self.program._get_loyalty_today())
        self.card._get_reinstatable()
        self.card._get_statement()
        self.card._format_tier_status()
        self.env["ir.actions.report"]._render_qweb_html(
            "crm_loyalty.report_statement", self.card.ids
        )
        self.env["crm.loyalty.points.report"]._read_group([], [], ["liability:sum"])
        proof = self.env["crm.loyalty.check"]._check_ledger()
        self.assertFalse(proof.fault_ids)

    def _assert_words(self, error, record, field):
        text = str(error)
        label = field._description_string(self.env)
        self.assertNotIn("psycopg", text)
        self.assertGreater(len(text.split()), 4, text)
        if isinstance(error, ValidationError) and "enter a value from" in text:
            self.assertIn(f"“{label}”", text)
            self.assertIn(record.display_name or record._description, text)

    def test_every_number_and_day_is_refused_in_words_or_of_use(self):
        tried = 0
        for record in self._get_records():
            for name, field in self._get_fields(record):
                accepted = []
                for value in KINDS[field.type]:
                    tried += 1
                    before = record[name]
                    with (
                        self.subTest(model=record._name, field=name, value=value),
                        self.env.cr.savepoint() as savepoint,
                        mute_logger("odoo.sql_db"),
                    ):
                        try:
                            with self.env.cr.savepoint():
                                record.write({name: value})
                        except UserError as error:
                            self._assert_words(error, record, field)
                        except IntegrityError as error:
                            # RPC answers with the message of the constraint.
                            text = record._sql_error_to_message(error)
                            self.assertGreater(len(text.split()), 4, text)
                            self.assertNotIn(error.diag.constraint_name, text)
                        else:
                            self.env.invalidate_all()
                            record.read([name])
                            record.write({name: before})
                            self.env.flush_all()
                            accepted.append(value)
                        savepoint.rollback()
                        self.env.invalidate_all()
                for value in {*accepted[:1], *accepted[-1:]}:
                    with (
                        self.subTest(model=record._name, field=name, used=value),
                        self.env.cr.savepoint() as savepoint,
                    ):
                        record.write({name: value})
                        self._use()
                        savepoint.rollback()
                        self.env.invalidate_all()
        self.assertGreater(tried, 400)

    def test_wizards_refuse_in_words(self):
        for name, vals in self._get_wizards():
            model = self.env[name].with_user(self.manager)
            for field_name, field in self._get_fields(model):
                for value in KINDS[field.type]:
                    with (
                        self.subTest(wizard=name, field=field_name, value=value),
                        self.env.cr.savepoint() as savepoint,
                        mute_logger("odoo.sql_db"),
                    ):
                        try:
                            wizard = model.create({**vals, field_name: value})
                            self.env.flush_all()
                            self.env.invalidate_all()
                            wizard.read([field_name])
                            if name == "crm.loyalty.tier.preview":
                                wizard.action_refresh()
                        except UserError as error:
                            self._assert_words(error, model, field)
                        savepoint.rollback()
                        self.env.invalidate_all()

    def test_the_settings_refuse_in_words(self):
        for value in (float("nan"), 1e300, -1):
            with self.assertRaisesRegex(ValidationError, "Points Approval Limit"):
                self.env["res.config.settings"].create(
                    {"crm_loyalty_adjust_limit": value}
                )

    def test_cards_refuse_points_from_files_in_words(self):
        Card = self.env["loyalty.card"].with_user(self.manager)
        for value in ("1e300", "nan", "inf", "-1e16", "10000000001"):
            result = Card.load(
                ["program_id/.id", "code", "points"],
                [[str(self.program.id), "new", value]],
            )
            self.assertFalse(result["ids"], value)
            message = result["messages"][0]["message"]
            self.assertRegex(message, "Points|Balance|points", value)
            self.assertNotIn("psycopg", message)

    def test_a_balance_is_the_sum_of_many_postings_and_has_its_bound(self):
        card = self._card()
        for _i in range(10):
            card._post_points(MAX_POINTS, "earn", available_date=date(2026, 3, 2))
        self.assertEqual(card.points, MAX_BALANCE)
        for points, text in ((0.0001, "at most 10,000,000,000"), (1e300, "at once")):
            with self.assertRaisesRegex(UserError, text), self.env.cr.savepoint():
                card._post_points(points, "earn")
        for points in (MAX_POINTS + 1, float("nan"), float("inf"), float("-inf")):
            with self.assertRaisesRegex(UserError, "at once"):
                card._post_points(points, "earn")
        card.invalidate_recordset()
        self.assertEqual(card.crm_loyalty_points_available, MAX_BALANCE)
        card._post_points(-0.0001, "adjust")
        self.assertEqual(card.points, MAX_BALANCE - 0.0001)
        self._assert_sound()

    def test_an_order_or_code_that_writes_points_is_refused_in_words(self):
        for value in (1e300, float("nan"), MAX_BALANCE + 1):
            with self.assertRaisesRegex(ValidationError, self.card.code):
                self.card.sudo().points = value

    @mute_logger("odoo.sql_db")
    def test_the_database_has_the_same_bounds(self):
        self.env["crm.loyalty.adjustment"].create(
            {"card_id": self.card.id, "points": 1, "reason": "x"}
        )
        self.env.flush_all()
        for table, column in (
            ("loyalty_card", "points"),
            ("crm_loyalty_entry", "points"),
            ("crm_loyalty_entry", "remaining"),
            ("crm_loyalty_adjustment", "points"),
            ("crm_loyalty_bonus_rule", "points"),
            ("loyalty_reward", "required_points"),
            ("loyalty_rule", "reward_point_amount"),
            ("crm_loyalty_tier", "threshold"),
            ("crm_loyalty_tier", "multiplier"),
            ("loyalty_program", "crm_loyalty_point_value"),
            ("loyalty_program", "crm_loyalty_adjust_limit"),
            ("loyalty_mail", "points"),
            ("res_company", "crm_loyalty_adjust_limit"),
        ):
            for value in ("1e300", "NaN"):
                with (
                    self.subTest(table=table, column=column, value=value),
                    self.assertRaises(IntegrityError),
                    self.env.cr.savepoint(),
                ):
                    self.env.cr.execute(f"UPDATE {table} SET {column} = '{value}'")

    # Values of former versions

    def test_the_migration_takes_off_what_no_card_can_hold(self):
        card = self._card(2**14)  # exact as a float, even next to 1e20
        self.env.flush_all()
        self.env.cr.execute(
            """
            ALTER TABLE loyalty_card DROP CONSTRAINT loyalty_card_points_bounds;
            ALTER TABLE crm_loyalty_entry
                DROP CONSTRAINT crm_loyalty_entry_points_bounds;
            ALTER TABLE loyalty_program DROP CONSTRAINT loyalty_program_periods_bounds;
            UPDATE loyalty_program SET crm_loyalty_expiry_days = 2147483647
             WHERE id = %(program)s
            """,
            {"program": self.program.id},
        )
        self._post_beyond(card)
        spec = importlib.util.spec_from_file_location("pre_bounds", MIGRATION)
        migration = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(migration)
        with mute_logger("pre_bounds"), former_names(self.env, RENAMES):
            migration.migrate(self.env.cr, "19.0.1.0.0")
            migration.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual(self.program.crm_loyalty_expiry_days, 36_500)
        self.assertEqual(card.points, 0)
        last = card.crm_loyalty_entry_ids.sorted("sequence")[-1]
        self.assertEqual(
            (last.kind, last.reason), ("adjust", "More points than a card can hold")
        )
        for table in ("loyalty_card", "crm_loyalty_entry"):
            constraint = self.env[table.replace("_", ".")]._table_objects[
                f"{table}_points_bounds"
            ]
            self.env.cr.execute(
                f"ALTER TABLE {table} ADD CONSTRAINT again "
                + constraint.get_definition(self.env.registry)
            )
        self._use()

    def _post_beyond(self, card):
        """Post points that only a former version accepted."""
        Posting = type(card)
        points = 1e20
        with (
            self.env.cr.savepoint(),
            self._patched(Posting, "_check_postings"),
            self._patched(Posting, "_check_balances"),
            self._patched(Posting, "_check_bounds"),
        ):
            card._post_points(points, "earn")
            card.flush_recordset()

    def _patched(self, model, name):
        return patch.object(model, name, lambda *args, **kwargs: None)
