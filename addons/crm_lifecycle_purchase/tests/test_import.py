"""Purchases of an older system, through Odoo's import screen."""

from datetime import date, timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import file_open, mute_logger

from odoo.addons.crm_lifecycle.tests.common import TODAY, LifecycleCase

COLUMNS = ("partner_id", "date", "amount", "name")
OPTIONS = {
    "quoting": '"',
    "separator": ",",
    "has_headers": True,
    "date_format": "%Y-%m-%d",
    "encoding": "utf-8",
}


class ImportCase(LifecycleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls._partner("Ada", email="Ada <ada@Example.com>", ref="C-1")
        cls.bob = cls._partner("Bob", ref="C-2")

    def _import(self, rows, columns=COLUMNS, user=None, company=None, **options):
        """Import rows as a sales manager; return the errors as ``{row: message}``."""
        lines = [",".join(columns)]
        lines += [",".join(f'"{value}"' for value in row) for row in rows]
        wizard = (
            self.env["base_import.import"]
            .with_user(user or self.manager)
            .with_context(**options.pop("context", {}))
            .with_company(company or self.company)
            .create(
                {
                    "res_model": "crm.lifecycle.purchase.import",
                    "file": "\n".join(lines).encode(),
                    "file_type": "text/csv",
                }
            )
        )
        result = wizard.execute_import(
            list(columns), list(columns), {**OPTIONS, **options}
        )
        self.env.flush_all()
        self.env.invalidate_all()
        self.nextrow = result.get("nextrow")
        return {
            message.get("record", "file"): message["message"]
            for message in result["messages"]
        }

    def _imported(self, company=None):
        rows = self.env["crm.lifecycle.purchase.import"].search(
            [("company_id", "=", (company or self.company).id)], order="id"
        )
        return [(row.partner_id.name, row.name, row.date, row.amount) for row in rows]

    def _forget(self):
        """Backdate the rows: a run finds only what is reported, or written later."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            UPDATE crm_lifecycle_purchase_import SET write_date = '2020-01-01';
            UPDATE res_currency_rate SET write_date = '2020-01-01';
            UPDATE crm_lifecycle_purchase_watermark SET moment = '2021-01-01';
            """
        )
        self.env.invalidate_all()

    def _facts(self, partner, as_of=TODAY):
        self._run(as_of)
        profile = self._profile(partner)
        return profile.order_count, profile.order_total, profile.last_order_date


@tagged("post_install", "-at_install")
class TestImport(ImportCase):
    # ------------------------------------------------------------
    # Accepted rows
    # ------------------------------------------------------------

    def test_customers_by_reference_email_and_name(self):
        rows = [
            ("C-1", "2025-01-31", "100", "S1"),
            ("ADA@example.com", "2025-02-28", "20.50", "S2"),
            (" Bob ", "2024-12-31", "7", "S1"),
        ]
        self.assertFalse(self._import(rows))
        self.assertEqual(
            self._imported(),
            [
                ("Ada", "S1", date(2025, 1, 31), 100),
                ("Ada", "S2", date(2025, 2, 28), 20.5),
                ("Bob", "S1", date(2024, 12, 31), 7),
            ],
        )
        self.assertEqual(self._facts(self.ada), (2, 120.5, date(2025, 2, 28)))
        self.assertEqual(self._facts(self.bob), (1, 7, date(2024, 12, 31)))

    def test_customers_by_their_ids(self):
        self.env["ir.model.data"].create(
            {
                "module": "__import__",
                "name": "ada",
                "model": "res.partner",
                "res_id": self.ada.id,
            }
        )
        for column, value in [
            ("partner_id/id", "ada"),
            ("partner_id/.id", self.bob.id),
        ]:
            columns = (column, *COLUMNS[1:])
            self.assertFalse(self._import([(value, "2025-01-31", 1, "S")], columns))
        self.assertEqual([row[0] for row in self._imported()], ["Ada", "Bob"])

    def test_a_negative_amount_is_a_return(self):
        self._import(
            [("Ada", "2025-01-31", "100", "S1"), ("Ada", "2025-03-01", "-30", "R1")]
        )
        self.assertEqual(self._facts(self.ada), (1, 70, date(2025, 1, 31)))

    def test_the_same_file_again_changes_nothing(self):
        rows = [("Ada", "2025-01-31", "100.10", "S1"), ("Bob", "2025-02-01", "5", "S1")]
        self._import(rows)
        self.env.cr.execute("SELECT id, xmin FROM crm_lifecycle_purchase_import")
        written = self.env.cr.fetchall()
        self.assertFalse(self._import(rows))
        self.env.cr.execute("SELECT id, xmin FROM crm_lifecycle_purchase_import")
        self.assertEqual(self.env.cr.fetchall(), written)

    def test_a_corrected_file_updates(self):
        self._import([("Ada", "2025-01-31", "100", "S1")])
        self._run()
        self._import(
            [("C-1", "2025-01-30", "80", "S1"), ("Ada", "2025-06-01", 1, "S2")]
        )
        self.assertEqual(self._facts(self.ada), (2, 81, date(2025, 6, 1)))
        self.assertEqual(self._profile(self.ada).first_order_date, date(2025, 1, 30))

    def test_contacts_of_a_company_are_one_customer(self):
        company = self._partner("Company", is_company=True, email="c@example.com")
        self._partner("Child", parent_id=company.id, email="c@example.com")
        self.assertFalse(self._import([("c@example.com", "2025-01-31", "100", "S1")]))
        self.assertFalse(self._import([("Child", "2025-01-31", "90", "S1")]))
        self.assertEqual(self._imported(), [("Company", "S1", date(2025, 1, 31), 90)])
        self.assertEqual(self._facts(company), (1, 90, date(2025, 1, 31)))

    def test_another_currency_counts_at_the_rate_of_the_date(self):
        currency = self.env["res.currency"].create(
            {
                "name": "TST",
                "symbol": "T",
                "rate_ids": [
                    Command.create(
                        {"name": day, "rate": rate, "company_id": self.company.id}
                    )
                    for day, rate in [("2025-01-01", 0.5), ("2025-02-01", 0.4)]
                ],
            }
        )
        columns = (*COLUMNS, "currency_id")
        rows = [
            ("Ada", "2024-12-31", "10", "S0", "TST"),
            ("Ada", "2025-01-31", "100", "S1", "tst"),
            ("Ada", "2025-02-01", "100", "S2", "TST"),
            ("Ada", "2025-02-01", "3", "S3", ""),
        ]
        self.assertFalse(self._import(rows, columns))
        self._run()
        ledger = self.env["crm.lifecycle.purchase"].search([])
        self.assertEqual(sorted(ledger.mapped("amount")), [3, 20, 200, 250])
        imported = self.env["crm.lifecycle.purchase.import"].search([])
        for row in imported:
            self.assertEqual(
                row.currency_id._convert(
                    row.amount, self.company.currency_id, self.company, row.date
                ),
                ledger.filtered(lambda line, row=row: line.res_id == row.id).amount,
            )
        self.assertEqual(imported.currency_id, currency | self.company.currency_id)

    def test_a_rate_that_is_added_later_counts(self):
        currency = self.env["res.currency"].create({"name": "TST", "symbol": "T"})
        columns = (*COLUMNS, "currency_id")
        self._import([("Ada", "2025-01-31", "100", "S1", "TST")], columns)
        for day, rate, amount in [
            ("2025-03-01", 0.5, 200),  # the first rate, though it is later
            ("2025-01-01", 0.4, 250),
            ("2025-02-01", 0.2, 250),
        ]:
            self._forget()
            self.env["res.currency.rate"].create(
                {
                    "name": day,
                    "rate": rate,
                    "currency_id": currency.id,
                    "company_id": self.company.id,
                }
            )
            self.assertEqual(self._facts(self.ada)[1], amount)

    def test_queries_do_not_grow_with_the_rows(self):
        def count(first, number):
            rows = [
                ("Ada" if i % 2 else "Bob", "2025-01-31", i, f"S{i}")
                for i in range(first, first + number)
            ]
            counts = []
            for _again in range(2):
                before = self.env.cr.sql_log_count
                self.assertFalse(self._import(rows))
                counts.append(self.env.cr.sql_log_count - before)
            return counts

        count(1, 5)
        few, many = count(100, 5), count(1000, 200)
        for a, b in zip(few, many, strict=True):
            self.assertLess(b, a + 10)

    def test_an_import_triggers_a_run(self):
        trigger = self.env["ir.cron.trigger"].search([])
        self.env.cr.precommit.clear()
        self._import([("Ada", "2025-01-31", "100", "S1")])
        cron = self.env.ref("crm_lifecycle.ir_cron_run")
        self.assertEqual(
            (self.env["ir.cron.trigger"].search([]) - trigger).cron_id, cron
        )

    # ------------------------------------------------------------
    # Refused rows
    # ------------------------------------------------------------

    def test_wrong_rows_are_named_and_no_row_is_written(self):
        errors = self._import(
            [
                ("Ada", "2025-01-31", "100", "S1"),
                ("Carl", "2025-01-31", "100", "S2"),
                ("Bob", "2025-01-31", "100", ""),
                ("Bob", "2025-01-31", "100", "S3"),
                ("Ada", "1066-10-14", "100", "S4"),
            ]
        )
        self.assertEqual(set(errors), {1, 2, 4})
        self.assertIn("“Carl”", errors[1])
        self.assertIn("document number is missing", errors[2])
        self.assertIn("1066-10-14", errors[4])
        self.assertFalse(self._imported())

    def test_each_kind_of_wrong_row(self):
        self._partner("Ada", email="second@example.com")
        self._partner("Dan", email="two@example.com")
        self._partner("Eve", email="two@example.com")
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self._partner("Far", company_id=elsewhere.id)
        columns = (*COLUMNS, "currency_id")
        good = ("C-1", "2025-01-31", "100", "S1", "")
        for place, value, words in [
            (0, "Ada", "fits 2 customers"),
            (0, "two@example.com", "fits 2 customers"),
            (0, "Nemo", "No customer has"),
            (0, "Far", "No customer has"),
            (0, "", "customer is missing"),
            (1, "", "no date"),
            (1, "2200-01-01", "2200-01-01"),
            (2, "", "no amount"),
            (2, "1e14", "no amount"),
            (3, "", "number is missing"),
            (4, "XYZ", "no active currency"),
        ]:
            with self.subTest(place=columns[place], value=value):
                row = list(good)
                row[place] = value
                other = ("Bob", "2025-01-31", "1", "S9", "")
                errors = self._import([other, row], columns)
                self.assertEqual(list(errors), [1])
                self.assertIn(words, errors[1])
                self.assertFalse(self._imported())

    def test_a_document_twice_in_a_file_is_an_error(self):
        errors = self._import(
            [
                ("Ada", "2025-01-31", "100", "S1"),
                ("Bob", "2025-01-31", "100", "S1"),
                ("C-1", "2025-02-28", "20", "S1"),
            ]
        )
        self.assertEqual(list(errors), [2])
        self.assertIn("Row 1 ", errors[2])
        self.assertFalse(self._imported())

    def test_a_wrong_row_of_a_later_batch_stops_the_first(self):
        rows = [("Ada", "2025-01-31", "1", f"S{number}") for number in range(5)]
        self.assertEqual(
            list(self._import([*rows, ("Nemo", *rows[0][1:])], limit=2)), [5]
        )
        self.assertFalse(self._imported())

    def test_a_long_file_is_imported_in_batches(self):
        rows = [("Ada", "2025-01-31", "1", f"S{number}") for number in range(5)]
        skip, batches = 0, 0
        while batches == 0 or self.nextrow:
            self.assertFalse(self._import(rows, limit=2, skip=skip))
            skip, batches = self.nextrow, batches + 1
        self.assertEqual(batches, 3)
        self.assertEqual(len(self._imported()), 5)

    def test_a_file_without_a_column(self):
        errors = self._import(
            [("Ada", "2025-01-31", "S1")], ("partner_id", "date", "name")
        )
        self.assertIn("no column “Amount”", errors[0])

    def test_a_file_with_an_error_in_each_row_shows_the_first(self):
        rows = [("Nemo", "2025-01-31", "1", f"S{number}") for number in range(150)]
        errors = self._import(rows)
        self.assertEqual(len(errors), 101)
        self.assertIn("150", errors["file"])

    def test_errors_are_in_the_language_of_the_user(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["ir.module.module"]._load_module_terms(
            ["crm_lifecycle_purchase"], ["zh_CN"]
        )
        errors = self._import(
            [("Nemo", "2025-01-31", "1", "S1")], context={"lang": "zh_CN"}
        )
        self.assertIn("没有客户的编号", errors[0])

    def test_a_salesperson_imports_nothing(self):
        errors = self._import([("Ada", "2025-01-31", "1", "S1")], user=self.leader)
        self.assertTrue(errors)
        self.assertFalse(self._imported())

    def test_each_company_has_its_own(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.manager.company_ids |= other
        shared = self._partner("Shared", company_id=False)
        row = [("Shared", "2025-01-31", "1", "S1")]
        self.assertFalse(self._import(row))
        self.assertFalse(
            self._import([("Shared", "2025-01-31", "2", "S1")], company=other)
        )
        self.assertIn(
            "No customer",
            self._import([("Ada", "2025-01-31", "1", "S1")], company=other)[0],
        )
        self.assertEqual(self._facts(shared)[:2], (1, 1))
        purchases = self.env["crm.lifecycle.purchase.import"].with_user(self.manager)
        self.assertEqual(
            purchases.with_company(self.company)
            .with_context(allowed_company_ids=self.company.ids)
            .search([])
            .mapped("amount"),
            [1],
        )

    def test_a_template_for_each_language_can_be_imported(self):
        self._partner("Azure Interior")
        self._partner("Info", email="info@example.com")
        self._partner("Other", ref="C-1007")
        self.env.ref("base.CNY").active = True
        self.env.ref("base.USD").active = True
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["ir.module.module"]._load_module_terms(
            ["crm_lifecycle_purchase"], ["zh_CN"]
        )
        for lang in ("en_US", "zh_CN"):
            with self.subTest(lang=lang):
                model = self.env["crm.lifecycle.purchase.import"].with_context(
                    lang=lang
                )
                [template] = model.get_import_templates()
                with file_open(template["template"].lstrip("/"), "rb") as file:
                    content = file.read()
                wizard = (
                    self.env["base_import.import"]
                    .with_user(self.manager)
                    .with_context(lang=lang)
                    .create(
                        {
                            "res_model": model._name,
                            "file": content,
                            "file_name": "purchases.xlsx",
                            "file_type": "application/vnd.openxmlformats-officedocument"
                            ".spreadsheetml.sheet",
                        }
                    )
                )
                options = {**OPTIONS, "sheet": ""}
                preview = wizard.parse_preview({**options})
                names = [
                    preview["matches"][index][0]
                    for index in range(len(preview["headers"]))
                ]
                self.assertEqual(
                    names, ["partner_id", "date", "amount", "currency_id", "name"]
                )
                result = wizard.execute_import(
                    names, preview["headers"], preview["options"]
                )
                self.assertFalse(result["messages"])
        self.assertEqual(len(self._imported()), 3)


@tagged("post_install", "-at_install")
class TestImportedPurchases(ImportCase):
    def _purchase(self, partner, amount=100, name="S1", **vals):
        return self.env["crm.lifecycle.purchase.import"].create(
            {
                "partner_id": partner.id,
                "amount": amount,
                "date": TODAY - timedelta(days=9),
                "name": name,
                **vals,
            }
        )

    def test_a_deleted_purchase_is_no_purchase(self):
        purchase = self._purchase(self.ada)
        self.assertEqual(self._facts(self.ada)[0], 1)
        self._forget()
        purchase.with_user(self.manager).unlink()
        self.assertEqual(self._facts(self.ada)[0], 0)

    def test_a_purchase_follows_its_contact(self):
        company = self._partner("Company", is_company=True)
        self._purchase(self.ada)
        self._run()
        self._forget()
        self.ada.parent_id = company
        self.assertEqual(self._facts(company)[:2], (1, 100))

    def test_merged_contacts_keep_all_purchases(self):
        self._purchase(self.ada, 100)
        second = self._purchase(self.bob, 30)
        self._purchase(self.bob, 4, name="S2")
        self._run()
        self._forget()
        self.env["base.partner.merge.automatic.wizard"]._merge(
            [self.ada.id, self.bob.id], dst_partner=self.ada
        )
        self.assertEqual(self._facts(self.ada)[:2], (3, 134))
        self.assertEqual(
            [row[:2] for row in self._imported()],
            [("Ada", "S1"), ("Ada", f"S1 ({second.id})"), ("Ada", "S2")],
        )

    def test_a_document_number_is_unique_for_a_customer(self):
        self._purchase(self.ada)
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self._purchase(self.ada)

    def test_a_customer_of_another_company_is_refused(self):
        other = self.env["res.company"].create({"name": "Other"})
        far = self._partner("Far", company_id=other.id)
        with self.assertRaises(UserError):
            self._purchase(far)

    def test_a_purchase_moves_to_no_company_of_others(self):
        shared = self._partner("Shared", company_id=False)
        purchase = self._purchase(shared).with_user(self.manager)
        other = self.env["res.company"].create({"name": "Other"})
        with self.assertRaises(AccessError):
            purchase.company_id = other

    def test_a_salesperson_reads_the_purchases_of_own_customers(self):
        other = self.env["res.company"].create({"name": "Other"})
        for user in (self.salesperson, self.colleague, self.leader):
            user.company_ids |= other
        shared = self._partner("Shared", company_id=False)
        mine, theirs = self._purchase(self.ada), self._purchase(self.bob)
        free = self._purchase(shared, name="S3")
        there = self._purchase(shared, company_id=other.id)
        self._run()
        self._profile(self.ada).user_id = self.salesperson
        self._profile(self.bob).user_id = self.colleague
        self.env["crm.lifecycle.profile"].create(
            {
                "partner_id": shared.id,
                "company_id": other.id,
                "user_id": self.colleague.id,
            }
        )
        Purchase = self.env["crm.lifecycle.purchase.import"].with_context(
            allowed_company_ids=(self.company | other).ids
        )
        for user, found in [
            (self.salesperson, mine | free),
            (self.colleague, theirs | free | there),
            (self.leader, mine | theirs | free | there),
        ]:
            with self.subTest(user=user.login):
                self.assertEqual(Purchase.with_user(user).search([]), found.sorted())
                rows = self.env["crm.lifecycle.purchase"].with_context(
                    allowed_company_ids=(self.company | other).ids
                )
                self.assertLessEqual(
                    set(rows.with_user(user).search([]).mapped("res_id")),
                    set(found.ids),
                )
        for user in (self.salesperson, self.leader):
            with self.assertRaises(AccessError):
                mine.with_user(user).write({"amount": 1})
            with self.assertRaises(AccessError):
                mine.with_user(user).unlink()
