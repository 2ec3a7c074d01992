from datetime import date, timedelta
from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.crm_lifecycle.tests.common import TODAY, LifecycleCase

SINCE = date(2025, 6, 1)


@tagged("post_install", "-at_install")
class TestImport(LifecycleCase):
    """Import of stages with their dates on Odoo's import screen."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls._partner("Ada", email="ada@example.com", ref="A1")
        cls.bob = cls._partner("Bob", email="Bob <bob@Example.com>")

    def setUp(self):
        super().setUp()
        # Midnight may pass while a test runs.
        self.startPatcher(
            patch.object(type(self.company), "_lifecycle_today", lambda company: TODAY)
        )

    def _import(
        self, rows, columns=("partner_id", "stage_id", "import_stage_date"), **kw
    ):
        """Import rows as a user; return the messages."""
        lines = [",".join(columns)]
        lines += [",".join(f'"{value}"' for value in row) for row in rows]
        company = kw.pop("company", self.company)
        wizard = (
            self.env["base_import.import"]
            .with_user(kw.pop("user", self.salesperson))
            .with_company(company)
            .with_context(allowed_company_ids=company.ids)
            .create(
                {
                    "res_model": "crm.lifecycle.profile",
                    "file": "\n".join(lines).encode(),
                    "file_type": "text/csv",
                }
            )
        )
        options = {
            "quoting": '"',
            "separator": ",",
            "has_headers": True,
            "date_format": kw.pop("date_format", "%Y-%m-%d"),
            "encoding": "utf-8",
        }
        fields = list(kw.pop("fields", columns))
        result = wizard.execute_import(fields, list(columns), options, **kw)
        self.env.flush_all()
        self.env.invalidate_all()
        return result["messages"]

    def _profiles(self):
        return self.env["crm.lifecycle.profile"].search(
            [("partner_id", "in", (self.ada | self.bob).ids)]
        )

    def _dated(self, profile):
        return [
            (row.to_stage_id.code, row.date, row.origin)
            for row in profile.history_ids.sorted("id")
        ]

    # ------------------------------------------------------------
    # Accepted rows
    # ------------------------------------------------------------

    def test_new_customers_get_their_stage_since_the_day(self):
        self.assertFalse(
            self._import(
                [("Ada", "Customer", SINCE), ("bob@example.com", "risk", "2025-07-01")]
            )
        )
        ada, bob = self._profile(self.ada), self._profile(self.bob)
        self.assertEqual((ada.stage_id, ada.stage_date), (self.customer, SINCE))
        self.assertEqual(bob.stage_id, self.risk)
        self.assertEqual(self._dated(ada), [("customer", SINCE, "import")])
        self.assertEqual(ada.history_ids.user_id, self.salesperson)
        self.assertEqual(ada.lifecycle_id, self.lifecycle)

    def test_customers_are_found_by_reference_and_external_id(self):
        self.env["ir.model.data"].create(
            {
                "module": "__import__",
                "name": "bob",
                "model": "res.partner",
                "res_id": self.bob.id,
            }
        )
        self.assertFalse(self._import([("A1", "Engaged", SINCE)]))
        columns = ("partner_id/id", "stage_id", "import_stage_date")
        self.assertFalse(self._import([("bob", "Engaged", SINCE)], columns))
        self.assertEqual(self._profiles().stage_id, self.engaged)

    def test_a_contact_stands_for_its_company(self):
        child = self._partner("Eve", parent_id=self.ada.id, email="eve@example.com")
        self.assertFalse(self._import([("eve@example.com", "Engaged", SINCE)]))
        self.assertFalse(self._profile(child))
        self.assertEqual(self._profile(self.ada).stage_id, self.engaged)

    def test_a_customer_there_is_keeps_the_profile(self):
        profile = self._customer("Cleo")
        self.assertFalse(self._import([("Cleo", "Customer", SINCE)]))
        self.assertEqual(self._profile(profile.partner_id), profile)
        self.assertEqual(self._dated(profile)[-1], ("customer", SINCE, "import"))
        self.assertEqual(profile.stage_date, SINCE)

    def test_importing_twice_does_nothing_more(self):
        rows = [("Ada", "Customer", SINCE), ("Bob", "Risk", SINCE)]
        for _time in range(2):
            self.assertFalse(self._import(rows))
        self.assertEqual(len(self._profiles().history_ids), 2)

    def test_another_day_of_the_same_stage_is_put_right(self):
        self._import([("Ada", "Customer", SINCE)])
        self._import([("Ada", "Customer", "2024-01-31")])
        ada = self._profile(self.ada)
        self.assertEqual(ada.stage_date, date(2024, 1, 31))
        self.assertEqual(
            self._dated(ada),
            [
                ("customer", SINCE, "import"),
                ("customer", date(2024, 1, 31), "import"),
            ],
        )

    def test_several_rows_of_a_customer_are_their_history(self):
        self._import(
            [
                ("Ada", "Prospect", "2025-01-01"),
                ("Bob", "Engaged", "2025-02-01"),
                ("Ada", "Engaged", "2025-03-01"),
                ("Ada", "Customer", "2025-06-01"),
            ]
        )
        ada = self._profile(self.ada)
        self.assertEqual(
            [code for code, *_rest in self._dated(ada)],
            ["prospect", "engaged", "customer"],
        )
        self.assertEqual(
            ada.history_ids.sorted("id").mapped("days_in_from_stage"), [0, 59, 92]
        )

    def test_without_a_date_the_stage_begins_today(self):
        self._import([("Ada", "Customer", "")])
        self.assertEqual(self._profile(self.ada).stage_date, TODAY)

    def test_without_a_stage_a_customer_begins_at_the_first(self):
        self._import([("Ada", self.salesperson.login)], ("partner_id", "user_id"))
        ada = self._profile(self.ada)
        self.assertEqual(self._dated(ada), [("prospect", TODAY, "import")])
        self.assertEqual(ada.user_id, self.salesperson)

    def test_today_is_the_last_day(self):
        self.assertFalse(self._import([("Ada", "Customer", TODAY)]))

    def test_an_export_comes_back_by_its_own_ids(self):
        profile = self._customer("Cleo")
        columns = (".id", "partner_id", "stage_id", "import_stage_date")
        self.assertFalse(
            self._import([(profile.id, "Cleo", "Customer", SINCE)], columns)
        )
        self.assertEqual(profile.stage_id, self.customer)
        messages = self._import([(profile.id, "Ada", "Customer", SINCE)], columns)
        self.assertIn("can't become another customer's", messages[0]["message"])

    def test_an_import_is_quiet(self):
        template = self.env["mail.template"].create(
            {
                "name": "Welcome",
                "model_id": self.env["ir.model"]._get_id("crm.lifecycle.profile"),
            }
        )
        self.lifecycle.stage_ids.mail_template_id = template
        self._import([("Ada", "Customer", SINCE), ("Bob", "", "")])
        self.assertTrue(all(self._profiles().history_ids.mapped("processed_at")))

    def test_stages_are_found_by_name_in_each_language_and_by_code(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.engaged.with_context(lang="fr_FR").name = "Engagé"
        for told in ("Engagé", "engaged", " ENGAGED "):
            name = f"Customer {told.strip()}"
            profile = self._customer(name)
            self.assertFalse(self._import([(name, told, SINCE)]), told)
            self.assertEqual(profile.stage_id, self.engaged)

    def test_the_stage_is_that_of_the_customers_own_lifecycle(self):
        """Two lifecycles have a stage “Customer”; each customer gets their own."""
        ada = self._customer("Cleo", ref="vip")
        other = self.lifecycle.copy({"sequence": 1, "name": "VIP"})
        other.domain = "[('partner_id.ref', '=', 'vip')]"
        other.action_activate()
        self._run(TODAY + timedelta(days=1))
        self.assertEqual(ada.lifecycle_id, other)
        self._partner("Dora", ref="vip")
        self._import([("Cleo", "Customer", SINCE), ("Ada", "Customer", SINCE)])
        self.assertEqual(ada.stage_id.lifecycle_id, other)
        self.assertEqual(self._profile(self.ada).stage_id, self.customer)
        self._import([("Dora", "Customer", SINCE)])
        dora = self.env["res.partner"].search([("name", "=", "Dora")])
        self.assertEqual(self._profile(dora).lifecycle_id, other)

    # ------------------------------------------------------------
    # Refused rows
    # ------------------------------------------------------------

    def _assert_refused(self, rows, text, row, user=None, columns=None):
        """Assert that the row is reported in words, and that nothing is written."""
        before = self.env["crm.lifecycle.history"].search_count([])
        args = [rows, columns] if columns else [rows]
        messages = self._import(*args, user=user or self.salesperson)
        errors = [item for item in messages if item["type"] == "error"]
        [told] = [item for item in errors if text in item["message"]] or errors
        self.assertIn(text, told["message"])
        self.assertEqual(told["rows"], {"from": row, "to": row})
        self.assertFalse(self._profiles())
        self.assertEqual(self.env["crm.lifecycle.history"].search_count([]), before)

    def test_an_unknown_stage_is_a_row_error_with_the_stages_there_are(self):
        self._assert_refused(
            [("Ada", "Customer", SINCE), ("Bob", "Gold", SINCE)],
            "there is no stage “Gold” in the lifecycle “Test lifecycle”. Its stages "
            "are: Prospect, Engaged, Customer, Risk, Lost.",
            row=1,
        )

    def test_a_date_to_come_is_a_row_error(self):
        self._assert_refused(
            [
                ("Ada", "Customer", SINCE),
                ("Bob", "Customer", TODAY + timedelta(days=1)),
            ],
            "is still to come",
            row=1,
        )

    def test_an_unknown_customer_is_a_row_error(self):
        self._assert_refused(
            [("Ada", "Customer", SINCE), ("Nobody", "Customer", SINCE)],
            "No matching record found for name 'Nobody'",
            row=1,
        )

    def test_two_contacts_of_a_name_are_a_row_error(self):
        self._partner("Bob")
        self._assert_refused(
            [("Ada", "Customer", SINCE), ("Bob", "Customer", SINCE)],
            "“Bob” are several contacts",
            row=1,
        )

    def test_a_skip_that_is_not_allowed_is_a_row_error(self):
        self.lifecycle.skip_policy = "forbid"
        cleo = self._customer("Cleo")
        messages = self._import([("Cleo", "Customer", SINCE)])
        self.assertIn("Still missing: Engaged", messages[0]["message"])
        self.assertEqual(cleo.stage_id, self.prospect)
        self.assertFalse(self._import([("Cleo", "Engaged", SINCE)]))

    def test_skipped_stages_are_filled_in_with_the_same_day(self):
        self.lifecycle.skip_policy = "fill"
        cleo = self._customer("Cleo")
        self._import([("Cleo", "Customer", SINCE)])
        self.assertEqual(
            self._dated(cleo)[1:],
            [("engaged", SINCE, "import"), ("customer", SINCE, "import")],
        )

    def test_a_stage_of_another_company_is_a_row_error(self):
        other = self.env["res.company"].create({"name": "Other"})
        strange = self.lifecycle.copy({"company_id": other.id, "name": "Theirs"})
        strange.write({"state": "active", "activation_date": "2026-01-01"})
        strange.stage_ids[0].name = "Theirs alone"
        self._assert_refused(
            [("Ada", "Theirs alone", SINCE)], "there is no stage “Theirs alone”", row=0
        )

    def test_a_contact_of_another_company_is_a_row_error(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env["res.partner"].create({"name": "Zoe", "company_id": other.id})
        self._assert_refused(
            [("Zoe", "Customer", SINCE)], "No matching record found", row=0
        )

    def test_a_colleagues_customer_is_a_row_error(self):
        cleo = self._customer("Cleo")
        cleo.user_id = self.colleague
        self._assert_refused(
            [("Ada", "Customer", SINCE), ("Cleo", "Customer", SINCE)],
            "Cleo is another salesperson's customer",
            row=1,
        )
        self.assertFalse(self._import([("Cleo", "Customer", SINCE)], user=self.manager))
        self.assertEqual(cleo.stage_id, self.customer)

    def test_a_fact_can_not_be_imported(self):
        self._assert_refused(
            [("Ada", "7")],
            "“Won leads” of a customer is kept by the lifecycle",
            row=0,
            columns=("partner_id", "won_count"),
        )

    def test_all_rows_that_are_refused_are_told_and_none_is_tried_again(self):
        rows = [("Ada", "Customer", SINCE), ("Bob", "Customer", SINCE)]
        for index in range(4):
            self._partner(f"Wrong {index}")
            rows.append((f"Wrong {index}", "Gold", SINCE))
        Profile = type(self.env["crm.lifecycle.profile"])
        with patch.object(
            Profile,
            "_set_import_stages",
            autospec=True,
            side_effect=Profile._set_import_stages,
        ) as place:
            messages = self._import(rows)
        self.assertEqual([item["record"] for item in messages], [2, 3, 4, 5])
        self.assertEqual(place.call_count, 1)
        self.assertFalse(self._profiles())

    def test_a_trial_writes_nothing(self):
        self.assertFalse(self._import([("Ada", "Customer", SINCE)], dryrun=True))
        self.assertFalse(self._profiles())

    def test_the_screen_offers_customer_stage_and_date_and_a_file_to_fill_in(self):
        tree = self.env["base_import.import"].get_fields_tree("crm.lifecycle.profile")
        names = {item["name"] for item in tree}
        self.assertLessEqual({"partner_id", "stage_id", "import_stage_date"}, names)
        [template] = self.env["crm.lifecycle.profile"].get_import_templates()
        self.assertTrue(template["template"].endswith("customer_stages.xlsx"))

    # ------------------------------------------------------------
    # Many rows
    # ------------------------------------------------------------

    def _count_queries(self, size, offset):
        self.env["res.partner"].create(
            [
                {"name": f"Many {offset + index}", "company_id": self.company.id}
                for index in range(size)
            ]
        )
        rows = [
            (
                f"Many {offset + index}",
                ("Customer", "Risk", "Lost")[index % 3],
                date(2024, 1, 1) + timedelta(days=index),
            )
            for index in range(size)
        ]
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.assertFalse(self._import(rows))
        return self.env.cr.sql_log_count - before

    def test_the_number_of_queries_does_not_grow_with_the_rows(self):
        """Each row has a day of its own."""
        self._count_queries(30, 0)
        few = self._count_queries(30, 1000)
        many = self._count_queries(300, 2000)
        self.assertLessEqual(many - few, 10, f"{few} queries, then {many}")

    # ------------------------------------------------------------
    # Impossible days
    # ------------------------------------------------------------

    def test_no_day_before_later_moves(self):
        """A past before the move of a salesperson can't be imported."""
        self._import([("Ada", "Engaged", SINCE)])
        ada = self._profile(self.ada)
        ada.stage_id = self.customer
        for day, is_refused in ((-1, True), (0, False)):
            with self.subTest(day):
                when = TODAY + timedelta(days=day)
                messages = self._import([("Bob", "Risk", SINCE), ("Ada", "Risk", when)])
                self.assertEqual(bool(messages), is_refused)
                if is_refused:
                    self.assertIn("Ada", messages[0]["message"])
                    self.assertEqual(messages[0]["rows"], {"from": 1, "to": 1})
                    self.assertEqual(ada.stage_id, self.customer)
                    self.assertFalse(self._profile(self.bob))
        self.assertEqual(ada.stage_id, self.risk)

    def test_the_present_stay_begins_after_the_one_before(self):
        self._import([("Ada", "Engaged", SINCE), ("Ada", "Customer", "2025-09-01")])
        ada = self._profile(self.ada)
        self.assertTrue(self._import([("Ada", "Customer", SINCE - timedelta(days=1))]))
        self.assertEqual(ada.stage_date, date(2025, 9, 1))
        self.assertFalse(self._import([("Ada", "Customer", SINCE)]))
        self.assertEqual(ada.stage_date, SINCE)

    def test_rows_of_a_customer_in_the_wrong_order(self):
        messages = self._import(
            [("Ada", "Engaged", "2025-03-01"), ("Ada", "Customer", "2025-02-28")]
        )
        self.assertEqual(messages[0]["rows"], {"from": 1, "to": 1})
        self.assertFalse(self._profile(self.ada))

    def test_a_history_twice_does_nothing_more(self):
        rows = [
            ("Ada", "Prospect", "2025-01-01"),
            ("Ada", "Engaged", "2025-03-01"),
            ("Ada", "Customer", "2025-06-01"),
        ]
        for _time in range(2):
            self.assertFalse(self._import(rows))
        self.assertEqual(len(self._profile(self.ada).history_ids), 3)

    def _twice(self, rows, other=None, **kw):
        """Import rows, then others, which add nothing; return the moves."""
        self.assertFalse(self._import(rows, **kw))
        ada = self._profile(self.ada)
        before = self._dated(ada), ada.stage_id, ada.stage_date
        self.assertFalse(self._import(other or rows, **kw))
        self.assertEqual((self._dated(ada), ada.stage_id, ada.stage_date), before)
        return before[0]

    def test_the_same_file_added_moves_of_one_day(self):
        """Ada passes three stages on a day, and comes back to one of them."""
        codes = ("Prospect", "Engaged", "Customer", "Engaged")
        moves = self._twice([("Ada", code, SINCE) for code in codes])
        self.assertEqual([code for code, *_rest in moves], [*map(str.lower, codes)])

    def test_the_same_file_added_corrected_days(self):
        days = ("2025-01-01", "2025-03-01", "2025-02-01")
        moves = self._twice([("Ada", "Engaged", day) for day in days])
        self.assertEqual(len(moves), 3)

    def test_the_same_file_added_a_customer_who_came_back(self):
        rows = [
            ("Ada", "Customer", "2025-01-01"),
            ("Bob", "Risk", "2025-01-05"),
            ("Ada", "Lost", "2025-02-01"),
            ("Ada", "Customer", "2025-03-01"),
            ("Ada", "Lost", "2025-03-01"),
            ("Ada", "Customer", "2025-03-01"),
        ]
        self._twice(rows)

    def test_the_same_file_with_other_order_and_with_fewer_rows(self):
        days = ("2025-01-01", "2025-03-01", "2025-06-01", "2025-06-01")
        codes = ("Prospect", "Engaged", "Customer", "Risk")
        rows = [("Ada", *row) for row in zip(codes, days, strict=True)]
        self._twice(rows, rows[::-1])
        for some in (rows[:1], rows[1:3], rows[3:], [rows[2], rows[0]]):
            self._twice(rows, some)

    def test_a_second_file_adds_its_new_rows_alone(self):
        rows = [("Ada", "Prospect", "2025-01-01"), ("Ada", "Engaged", "2025-03-01")]
        self._import(rows)
        self.assertFalse(self._import([*rows, ("Ada", "Customer", "2025-04-01")]))
        self.assertEqual(len(self._profile(self.ada).history_ids), 3)

    def test_the_same_file_was_refused_after_a_move_by_hand(self):
        rows = [("Ada", "Engaged", SINCE), ("Ada", "Customer", TODAY)]
        self._import(rows)
        ada = self._profile(self.ada)
        ada.stage_id = self.risk
        self._twice(rows)
        self.assertEqual(ada.stage_id, self.risk)

    def test_the_same_file_without_dates_on_another_day(self):
        rows = [("Ada", "Engaged", ""), ("Ada", "Customer", "")]
        self._twice(rows)
        tomorrow = TODAY + timedelta(days=1)
        self.patch(type(self.company), "_lifecycle_today", lambda company: tomorrow)
        self._twice(rows)
        self.assertEqual(self._profile(self.ada).stage_date, TODAY)

    def test_the_same_days_in_another_format(self):
        self._twice(
            [("Ada", "Engaged", "2025-03-01"), ("Ada", "Customer", "2025-06-12")],
            None,
        )
        before = self._dated(self._profile(self.ada))
        self.assertFalse(
            self._import(
                [("Ada", "Engaged", "01/03/25"), ("Ada", "Customer", "12/06/25")],
                date_format="%d/%m/%y",
            )
        )
        self.assertEqual(self._dated(self._profile(self.ada)), before)

    def test_the_same_file_adds_nothing_in_any_time_zone(self):
        for tz in ("Pacific/Pago_Pago", "Pacific/Kiritimati"):
            self.company.lifecycle_tz = tz
            self.salesperson.tz = "America/New_York"
            moves = self._twice([("Ada", "Engaged", SINCE), ("Ada", "Risk", TODAY)])
            self.assertEqual([row[1] for row in moves], [SINCE, TODAY])

    def test_the_same_file_for_an_archived_customer(self):
        """The contact is not found by its name, but by its external ID."""
        self.env["ir.model.data"].create(
            {
                "module": "__import__",
                "name": "ada",
                "model": "res.partner",
                "res_id": self.ada.id,
            }
        )
        columns = ("partner_id/id", "stage_id", "import_stage_date")
        rows = [("ada", "Engaged", "2025-03-01"), ("ada", "Engaged", "2025-04-01")]
        self._import(rows, columns)
        self.ada.action_archive()
        self._twice(rows, columns=columns)

    def test_the_same_file_in_two_companies(self):
        """Each company has its own history of the customer."""
        other = self.env["res.company"].create({"name": "Other"})
        self.env.user.company_ids |= other
        self.salesperson.company_ids |= other
        self.ada.company_id = False
        lifecycle = self.lifecycle.copy({"company_id": other.id})
        lifecycle.write({"state": "active", "activation_date": "2025-01-01"})
        rows = [("Ada", "Engaged", SINCE), ("Ada", "Engaged", "2025-07-01")]
        self._twice(rows)
        self._twice(rows, company=other)
        profiles = self.env["crm.lifecycle.profile"].search(
            [
                ("partner_id", "=", self.ada.id),
                ("company_id", "in", (self.company | other).ids),
            ]
        )
        self.assertEqual([len(profile.history_ids) for profile in profiles], [2, 2])

    # ------------------------------------------------------------
    # Dates that would be lost
    # ------------------------------------------------------------

    def test_a_date_column_that_was_not_mapped_was_ignored(self):
        rows = [("Ada", "Customer", SINCE), ("Bob", "Risk", "")]
        for header in ("When", "Stage date", "STAGE DATE"):
            messages = self._import(
                rows,
                ("partner_id", "stage_id", header),
                fields=("partner_id", "stage_id", False),
            )
            self.assertIn(f"“{header}” has dates", messages[0]["message"])
        self.assertFalse(self._profiles())

    def test_dates_of_several_formats_were_ignored(self):
        rows = [("Ada", "Customer", "1.6.2025"), ("Bob", "Risk", "2025-06-01 12:00:00")]
        messages = self._import(rows, fields=("partner_id", "stage_id", False))
        self.assertIn("would be lost", messages[0]["message"])

    def test_a_column_without_dates_may_be_left_out(self):
        rows = [("Ada", "Customer", "Ann"), ("Bob", "Risk", "")]
        columns = ("partner_id", "stage_id", "Old salesperson")
        self.assertFalse(
            self._import(rows, columns, fields=("partner_id", "stage_id", False))
        )
        self.assertFalse(
            self._import(
                [("Ada", "Customer", SINCE, "1990-05-01")],
                (*columns[:2], "import_stage_date", "Birthday"),
                fields=(*columns[:2], "import_stage_date", False),
            )
        )

    def test_a_day_without_a_stage_was_ignored(self):
        self._import([("Ada", "Customer", SINCE)])
        for columns in (
            ("partner_id", "stage_id", "import_stage_date"),
            ("partner_id", "import_stage_date"),
        ):
            row = (
                ("Ada", "", "2025-07-01")
                if len(columns) == 3
                else ("Ada", "2025-07-01")
            )
            messages = self._import([row], columns)
            self.assertIn("and no stage", messages[0]["message"])
        self._twice([("Bob", "", "2025-07-01"), ("Ada", "", SINCE)])

    def test_no_day_of_another_age(self):
        for day, is_refused in (
            ("1900-01-01", True),
            ("1949-12-31", True),
            ("1950-01-01", False),
        ):
            with self.subTest(day):
                messages = self._import([("Ada", "Engaged", day)])
                self.assertEqual(bool(messages), is_refused)

    def test_days_beyond_the_bounds_are_refused_in_words(self):
        Profile = self.env["crm.lifecycle.profile"].with_user(self.salesperson)
        Profile = Profile.with_context(import_file=True)
        self._partner("Dora", user_id=self.salesperson.id)
        for day in ("1899-12-31", "2200-01-01", "9999-12-31"):
            with self.subTest(day=day):
                found = Profile.load(
                    ["partner_id", "stage_id", "import_stage_date"],
                    [["Dora", "engaged", day]],
                )
                self.assertFalse(found["ids"])
                self.assertIn("Stage date", found["messages"][0]["message"])

    def test_the_place_of_the_first_run_is_no_move(self):
        profile = self._customer("Cleo")
        self.assertFalse(self._import([("Cleo", "Customer", "2020-01-01")]))
        self.assertEqual(profile.stage_date, date(2020, 1, 1))

    def test_a_write_is_no_import_whatever_the_context_says(self):
        profile = self._customer("Cleo")
        profile.user_id = self.salesperson
        for context in (
            {"import_file": True},
            {"import_file": True, "lifecycle_import": {"refused": {}}},
        ):
            mine = profile.with_user(self.salesperson).with_context(**context)
            mine.stage_id = self.engaged if len(context) == 1 else self.customer
            self.assertEqual(self._dated(profile)[-1][2], "manual")
            self.assertFalse(profile.history_ids.sorted("id")[-1].is_quiet)
        dora = self._partner("Dora")
        made = (
            self.env["crm.lifecycle.profile"]
            .with_user(self.salesperson)
            .with_context(lifecycle_import={"refused": {}})
            .create({"partner_id": dora.id})
        )
        self.assertEqual(made.lifecycle_id, self.lifecycle)
