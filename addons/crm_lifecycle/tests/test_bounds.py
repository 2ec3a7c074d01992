"""Values out of bounds are refused, and existing ones do no harm.

Existing values were written before there were bounds; the tests write them with plain
SQL.
"""

import json
from datetime import date

from odoo.exceptions import UserError, ValidationError
from odoo.modules.migration import load_script
from odoo.tests import tagged
from odoo.tools import SQL, file_path, mute_logger

from ..profile.explain import Explanation
from .common import TODAY, LifecycleCase

LOGS = ("odoo.addons.crm_lifecycle.run.session", "odoo.sql_db")
REFUSED = (
    "[('stage_date', '<=', 'today +7900y')]",
    "[('stage_date', '<=', 'today -99999999999d')]",
    "[('stage_date', '<=', '9999-12-31')]",
    "[('stage_date', '<=', '1899-12-31')]",
    "[('won_count', '>=', 1e400)]",
    "[('won_count', '>=', -1e400)]",
    "[('won_count', '>=', 9223372036854775808)]",
    "[('won_count', 'in', [1, 9223372036854775808])]",
    "[('won_count', '>=', 'many')]",
    "[('note', '=', '\\0')]",
    "[('note', '=', '\\ud800')]",
    "[('note', '=like', 'x\\\\')]",
    "[('partner_id', 'any', [('color', '>', 1e400)])]",
    "[('stage_id.sequence', '>', 'many')]",
    "[('id', '=', 'abc')]",
    "[('stage_date.month_number', '=', 'abc')]",
    repr(["!", "&", ("won_count", ">", 1), "|", ("lost_count", ">", 1)] * 40)[:-1]
    + ", ('won_count', '>', 1), ('won_count', '>', 2)]",
)


@tagged("post_install", "-at_install")
class TestBounds(LifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rule = cls._rule(
            cls.lost, [("lost_count", ">", 5)], cls.engaged, name="Gone"
        )
        cls.next_rule = cls._rule(
            cls.customer, [("open_lead_count", ">", 1)], cls.engaged
        )
        cls.tag = cls.env["crm.lifecycle.tag"].create(
            {"name": "Open", "code": "open", "lifecycle_id": cls.lifecycle.id}
        )
        cls.ada = cls._customer("Ada")
        cls.ada.stage_id = cls.engaged
        cls.bob = cls._customer("Bob")
        cls._run(full=True)

    def _force(self, record, **vals):
        """Write values as they were before there were bounds."""
        self.env.flush_all()
        table = SQL.identifier(record._table)
        for name, value in vals.items():
            self.env.cr.execute(
                SQL(
                    "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s",
                    table,
                    SQL.identifier(f"{record._table}_{name}_bounds"),
                )
            )
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET %s = %s WHERE id = %s",
                    table,
                    SQL.identifier(name),
                    value,
                    record.id,
                )
            )
        self.env.invalidate_all()

    def _run_kept(self, as_of=TODAY, **kwargs):
        self.env.flush_all()
        run = self.env["crm.lifecycle"]._run(
            self.company, as_of, checkpoint=lambda done, left: None, **kwargs
        )
        self.env.invalidate_all()
        return run

    def _assert_readable(self):
        """Assert that a salesperson can list customers and read why they are there."""
        profiles = self.env["crm.lifecycle.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        json.dumps(profiles.read(), default=str)
        for profile in profiles:
            profile._explain()

    # ------------------------------------------------------------
    # Refused
    # ------------------------------------------------------------

    def test_conditions_beyond_bounds_are_refused_by_name(self):
        for record in (self.rule, self.tag, self.lifecycle):
            for text in REFUSED:
                with (
                    self.subTest(record=record._name, text=text[:60]),
                    self.assertRaisesRegex(ValidationError, record.name),
                    self.env.cr.savepoint(),
                ):
                    record.with_user(self.manager).domain = text

    def test_conditions_within_bounds_are_taken(self):
        for text in (
            "[('stage_date', '<=', 'today -100y')]",
            "[('stage_date', '<=', '2199-12-31')]",
            "[('won_count', '>=', 2147483647)]",
            "[('note', '=like', 'x\\\\\\\\')]",
            "[('note', 'ilike', 'x\\\\')]",
        ):
            with self.subTest(text=text):
                self.rule.with_user(self.manager).domain = text
                self._run_kept(full=True)

    def test_the_database_keeps_the_bounds_too(self):
        for record, name, value in (
            (self.rule, "min_days", 3_000_000),
            (self.engaged, "follow_up_days", 3_000_000),
            (self.ada, "pinned_until", date(9999, 12, 31)),
        ):
            constraint = f"{record._table}_{name}_bounds"
            self.assertIn(constraint, record._table_objects)
            with (
                self.subTest(name=name),
                mute_logger("odoo.sql_db"),
                self.assertRaisesRegex(Exception, constraint),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(
                    SQL(
                        "UPDATE %s SET %s = %s WHERE id = %s",
                        SQL.identifier(record._table),
                        SQL.identifier(name),
                        value,
                        record.id,
                    )
                )
            told = record._table_objects[constraint].get_error_message(record)
            self.assertIn(record._fields[name]._description_string(self.env), told)

    def test_a_new_record_is_named_by_its_kind(self):
        with self.assertRaisesRegex(
            ValidationError, "“Minimum days in stage” of “Far”"
        ):
            self._rule(self.lost, [], name="Far", min_days=36501)
        with self.assertRaisesRegex(ValidationError, "Customer Lifecycle|Pin"):
            self.env["crm.lifecycle.profile.pin"].create({"pinned_until": "2200-01-01"})

    # ------------------------------------------------------------
    # Existing values
    # ------------------------------------------------------------

    def test_days_far_ahead_are_capped(self):
        """The customer, and each list with them, can be read after a run."""
        self._force(self.ada, pinned_until=date(9999, 12, 31))
        self._force(self.engaged, follow_up_days=3_000_000)
        self._force(self.next_rule, min_days=3_000_000)
        self._force(self.bob, last_contact_date=date(9999, 12, 1))
        self.env["crm.lifecycle.profile"]._sync_follow_up((self.ada | self.bob).ids)
        run = self._run_kept(full=True)
        self.assertEqual((run.state, run.error), ("done", False))
        self._assert_readable()
        self.assertEqual(self.ada.review_date, date.max)
        self.assertEqual(self.ada.follow_up_date, date.max)
        self.ada.with_user(self.manager).pinned_until = "2026-04-01"
        self._run_kept(full=True)
        self.assertEqual(self.ada.review_date, date(2026, 4, 2))

    def test_a_date_of_a_document_far_ahead_does_no_harm(self):
        self.rule.domain = repr([("next_activity_date", "<=", "today -90d")])
        self._force(self.ada, next_activity_date=date(9999, 12, 31))
        self._run_kept()
        self._assert_readable()

    def test_a_quiet_move_caps_the_follow_up(self):
        self._force(self.customer, follow_up_days=3_000_000)
        self.bob._lifecycle_move(
            self.customer, origin="manual", as_of=TODAY, quiet=True
        )
        self.env.invalidate_all()
        self.assertEqual(self.bob.follow_up_date, date.max)

    @mute_logger(*LOGS)
    def test_a_rule_that_cant_be_asked_holds_up_no_company(self):
        self._lead(partner_id=self.ada.partner_id.id)
        carl = self._partner("Carl")
        self._lead(partner_id=carl.id)
        for text in REFUSED:
            if "\\0" in text or "ud800" in text:
                continue  # no column accepts it
            with self.subTest(text=text[:60]):
                self._force(self.rule, domain=text)
                run = self._run_kept(full=True)
                self.assertEqual(run.state, "done")
                self.assertIn("Gone", run.error)
                # The rule only holds up customers that it applies to.
                self.assertEqual(self.ada.stage_id, self.engaged)
                self.assertTrue(self._profile(carl).stage_id)
                [told, *_others] = Explanation(self.ada, TODAY).explain_rules(self.rule)
                self.assertIn("Gone", told["error"])
                self._assert_readable()
        self._force(self.rule, domain="[('lost_count', '>', 5)]")
        run = self._run_kept(full=True)
        self.assertFalse(run.error)
        self.assertEqual(self.ada.stage_id, self.customer)

    @mute_logger(*LOGS)
    def test_a_tag_that_cant_be_asked_stays_where_it_is(self):
        self.assertEqual(self.ada.tag_ids, self.tag)
        for text in ("[('id', '=', 'abc')]", "[('won_count', '>', 1e400)]"):
            with self.subTest(text=text):
                self._force(self.tag, domain=text)
                run = self._run_kept(full=True)
                self.assertEqual(run.state, "done")
                self.assertIn("Open", run.error)
                self.assertEqual(self.ada.tag_ids, self.tag)

    @mute_logger(*LOGS)
    def test_a_lifecycle_that_cant_be_asked_leaves_customers_where_they_are(self):
        self._lead(partner_id=self.ada.partner_id.id)
        for text in ("[('id', '=', 'abc')]", "[('stage_date', '<', 'today +7900y')]"):
            with self.subTest(text=text):
                self._force(self.lifecycle, domain=text)
                run = self._run_kept(full=True)
                self.assertEqual(run.state, "done")
                self.assertIn("Test lifecycle", run.error)
                self.assertEqual(self.ada.lifecycle_id, self.lifecycle)
                self.assertEqual(self.ada.stage_id, self.customer)
                self._assert_readable()
        other = self.lifecycle.copy({"name": "Other", "sequence": 99, "domain": "[]"})
        other.action_activate()
        carl = self._partner("Carl")
        self._lead(partner_id=carl.id)
        self._run_kept()
        self.assertFalse(self._profile(carl).stage_id)
        self._force(self.lifecycle, domain="[]")
        self._run_kept()
        self.assertTrue(self._profile(carl).stage_id)

    @mute_logger(*LOGS)
    def test_previews_say_what_cant_be_asked(self):
        self._force(self.rule, domain="[('id', '=', 'abc')]")
        preview = self.env["crm.lifecycle.preview"].create(
            {"lifecycle_id": self.lifecycle.id, "as_of": TODAY}
        )
        self.assertIn("conditions of the rule “Gone”", preview._render_preview())
        found = self.env["crm.lifecycle"]._compare(
            self.company, self.lifecycle, self.lifecycle, [], TODAY
        )
        self.assertIn("Gone", found["problem"])
        test = self.env["crm.lifecycle.test"].create(
            {
                "lifecycle_id": self.lifecycle.id,
                "profile_id": self.ada.id,
                "as_of": TODAY,
            }
        )
        self.assertIn("conditions of the rule “Gone”", test.result)
        self._force(self.lifecycle, domain="[('id', '=', 'abc')]")
        test.invalidate_recordset()
        self.assertIn("conditions of the lifecycle “Test lifecycle”", test.result)

    @mute_logger(*LOGS)
    def test_a_replay_goes_on_without_it(self):
        for text in ("[('id', '=', 'abc')]", "[('won_count', '>', 1e400)]"):
            with self.subTest(text=text):
                self._force(self.rule, domain=text)
                run = self.env["crm.lifecycle"]._replay(
                    self.company, date(2026, 1, 1), TODAY, step="month"
                )
                self.assertEqual(run.state, "done")
                self.assertIn("Gone", run.error)

    def test_a_part_of_a_date_is_explained(self):
        self.rule.domain = "[('stage_date.month_number', '=', 13)]"
        [told] = Explanation(self.ada, TODAY).explain_rules(self.rule)
        self.assertEqual((told["error"], told["holds"]), ("", False))
        month = str(self.ada.stage_date.month)
        self.assertEqual(told["conditions"]["value"], month)

    # ------------------------------------------------------------
    # Migration
    # ------------------------------------------------------------

    def test_a_customer_past_year_9999_becomes_readable_again(self):
        self._force(self.engaged, follow_up_days=3_000_000)
        self._force(
            self.ada,
            pinned_until=date(9999, 12, 31),
            review_date=SQL("'9999-12-31'::date + 1"),
            follow_up_date=SQL("'9999-12-31'::date + 5000"),
        )
        with self.assertRaisesRegex(ValueError, "year"):
            self.ada.read(["review_date"])
        self.env.invalidate_all()
        path = file_path("crm_lifecycle/migrations/19.0.1.3.0/pre-bounds.py")
        load_script(path, "bounds").migrate(self.env.cr, "19.0.1.2.0")
        self.env.invalidate_all()
        self._assert_readable()
        self.assertEqual(self.ada.pinned_until, date(2199, 12, 31))
        self.assertEqual(self.ada.review_date, date.today())
        self.assertEqual(self.engaged.follow_up_days, 36500)
        self.assertEqual((self.ada.follow_up_date - self.ada.stage_date).days, 36500)
        self._run_kept(self.ada.review_date, full=True)
        self.assertEqual(self.ada.review_date, date(2200, 1, 1))

    # ------------------------------------------------------------
    # Files
    # ------------------------------------------------------------

    def test_files_of_lifecycles_are_refused_in_words(self):
        File = self.env["crm.lifecycle.file"]
        text = File._export(self.lifecycle)
        for value in ("1e400", "-1e400", "NaN", "9" * 30, '"today +7900y"'):
            data = json.loads(text)
            rules = data["lifecycle"]["rules"]
            rules[0]["domain"] = [["stage_date", ">", "VALUE"]]
            with (
                self.subTest(value=value),
                self.assertRaisesRegex(UserError, "Gone|not JSON"),
                self.env.cr.savepoint(),
            ):
                content = json.dumps(data).replace('"VALUE"', value)
                File._import(content.encode(), self.company)
