from datetime import date

from lxml import html

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from odoo.addons.crm_lifecycle_reports.tests.common import ReportCase

from ..report.crm_lifecycle_period_report import get_retention

JANUARY, MARCH = date(2026, 1, 1), date(2026, 3, 31)
NAME = "Very Long Customer Name of Forty Letters"


@tagged("post_install", "-at_install")
class TestDocuments(ReportCase):
    """Three customers of Sally's and Cole's, from January to March.

    Ada (Sally's): prospect in December, customer in January, at risk in February, back
    in March. Ben (Cole's): customer in February, lost in March. Eve (Sally's): customer
    since December, at risk in March.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada, cls.ben, cls.eve = (
            cls._traveller(name) for name in (NAME, "Ben <b>&", "Eve")
        )
        (cls.ada | cls.eve).user_id = cls.salesperson
        cls.ben.user_id = cls.colleague
        cls._walk(
            cls.ada,
            (cls.prospect, date(2025, 12, 1)),
            (cls.customer, date(2026, 1, 5)),
            (cls.risk, date(2026, 2, 10)),
            (cls.customer, date(2026, 3, 10)),
        )
        cls._walk(
            cls.ben, (cls.customer, date(2026, 2, 1)), (cls.lost, date(2026, 3, 20))
        )
        cls._walk(
            cls.eve, (cls.customer, date(2025, 12, 20)), (cls.risk, date(2026, 3, 15))
        )

    def _figures(self, user, date_from=JANUARY, date_to=MARCH, domain=()):
        period = self.env["crm.lifecycle.period"].with_user(user)
        return period._get_figures(self.lifecycle, date_from, date_to, domain)

    def _print(self, user, **vals):
        Print = self.env["crm.lifecycle.print"].with_user(user)
        return Print.create(
            {
                "lifecycle_id": self.lifecycle.id,
                "span": "custom",
                "date_from": JANUARY,
                "date_to": MARCH,
                **vals,
            }
        )

    def _html(self, report, records, user):
        Report = self.env["ir.actions.report"].with_user(user)
        content, _type = Report._render_qweb_html(
            f"crm_lifecycle_documents.{report}", records.ids
        )
        return html.fromstring(content)

    # ------------------------------------------------------------
    # Figures
    # ------------------------------------------------------------

    def test_figures_of_a_period(self):
        figures = self._figures(self.leader)
        self.assertEqual(
            figures["key"],
            {"new": 2, "reactivated": 0, "churned": 1, "at_risk": 2, "recovered": 1},
        )
        self.assertEqual(figures["customers"], [2, 1, 0])
        self.assertEqual(
            [
                (item["stage"].code, item["before"], item["in"], item["out"])
                for item in figures["stages"]
            ],
            [
                ("prospect", 1, 0, 1),
                ("engaged", 0, 0, 0),
                ("customer", 1, 3, 3),
                ("risk", 0, 2, 1),
                ("lost", 0, 1, 0),
            ],
        )

    def test_every_stage_adds_up(self):
        for item in self._figures(self.leader)["stages"]:
            self.assertEqual(
                item["before"] + item["in"] - item["out"], item["after"], item
            )

    def test_figures_equal_those_of_the_growth_report(self):
        figures = self._figures(self.leader)
        [(new, reactivated, churned)] = (
            self.env["crm.lifecycle.growth.report"]
            .with_user(self.leader)
            ._read_group(
                [
                    ("lifecycle_id", "=", self.lifecycle.id),
                    ("date", ">=", JANUARY),
                    ("date", "<=", MARCH),
                ],
                [],
                ["new_count:sum", "reactivated_count:sum", "churned_count:sum"],
            )
        )
        key = figures["key"]
        self.assertEqual(
            (key["new"], key["reactivated"], key["churned"]),
            (new, reactivated, churned),
        )

    def test_growth_by_month(self):
        growth = self._figures(self.leader)["growth"][-4:]
        self.assertEqual(
            [(item["new"], item["churned"], item["at_risk"]) for item in growth],
            [(1, 0, 0), (1, 0, 0), (1, 0, 1), (0, 1, 1)],
        )

    def test_cohorts_tell_who_stays_active(self):
        cohorts = self._figures(self.leader)["cohorts"][-4:]
        self.assertEqual(
            [(cohort["size"], cohort["kept"]) for cohort in cohorts],
            [(1, [1, 1, 1, 0]), (1, [1, 0, 1]), (1, [1, 0]), (0, [])],
        )

    def test_who_stays_of_all_months_together(self):
        cohorts = [
            {"size": 10, "kept": [10, 6, 3]},
            {"size": 10, "kept": [8, 6]},
            {"size": 0, "kept": [0]},
        ]
        self.assertEqual(get_retention(cohorts), [0.9, 0.6, 0.3])
        self.assertEqual(get_retention([]), [])

    def test_winners_and_losses(self):
        figures = self._figures(self.leader)
        self.assertEqual(figures["winners"].profile_id, self.ada)
        self.assertEqual(figures["losses"].profile_id, self.ben | self.eve)

    def test_a_salesperson_gets_own_customers_in_each_number(self):
        figures = self._figures(self.salesperson)
        self.assertEqual(figures["customers"][0], 2)
        self.assertEqual(figures["key"]["churned"], 0)
        self.assertEqual(figures["key"]["new"], 1)
        self.assertEqual(sum(figures["ways"].values()), 4)
        self.assertEqual(sum(c["size"] for c in figures["cohorts"]), 2)
        self.assertEqual(figures["losses"].profile_id, self.eve)

    def test_figures_take_a_fixed_number_of_queries(self):
        self._figures(self.leader)
        self.env.invalidate_all()
        with self.assertQueryCount(12):
            self._figures(self.leader)

    # ------------------------------------------------------------
    # Documents
    # ------------------------------------------------------------

    def test_period_document(self):
        doc = self._print(self.leader)
        page = self._html("period", doc, self.leader)
        text = page.text_content()
        self.assertIn(NAME, text)
        self.assertIn("Ben <b>&", text)
        self.assertEqual(len(page.xpath("//img[contains(@src, 'svg+xml')]")), 3)
        self.assertTrue(page.xpath("//table//thead"))

    def test_period_document_of_a_salesperson(self):
        doc = self._print(self.salesperson)
        text = self._html("period", doc, self.salesperson).text_content()
        self.assertIn(NAME, text)
        self.assertNotIn("Ben", text)

    def test_what_somebody_else_asked_for_is_told_as_the_reader_sees_it(self):
        doc = self._print(self.leader).with_user(self.salesperson)
        text = self._html("period", doc, self.salesperson).text_content()
        self.assertNotIn("Ben", text)

    def test_warnings_are_those_the_reader_sees(self):
        self.ben.with_user(self.colleague)._lifecycle_move(self.risk, origin="rule")
        text = self._html(
            "warning", self._print(self.leader, document="warning"), self.leader
        ).text_content()
        self.assertIn("Ben <b>&", text)
        self.assertIn("Eve", text)
        mine = self._print(self.salesperson, document="warning")
        text = self._html("warning", mine, self.salesperson).text_content()
        self.assertNotIn("Ben", text)
        self.assertIn("Eve", text)

    def test_warnings_begin_with_whoever_bought_most(self):
        amount = self.env["crm.lifecycle.profile"]._get_print_amount()
        if not amount:
            self.skipTest("nothing tells of amounts")
        never, cheap, dear = (
            self._traveller(name) for name in ("Never", "Cheap", "Dear")
        )
        for customer, value in ((never, None), (cheap, 10), (dear, 1000)):
            self._walk(customer, (self.risk, date(2026, 3, 1)))
            self.env.cr.execute(
                SQL(
                    "UPDATE crm_lifecycle_profile SET %s = %s WHERE id = %s",
                    SQL.identifier(amount),
                    value,
                    customer.id,
                )
            )
        self.env.invalidate_all()
        doc = self._print(self.leader, document="warning")
        Report = self.env["report.crm_lifecycle_documents.warning"]
        [(_name, members, _blocks)] = [
            group
            for group in Report.with_user(self.leader)._get_content(doc)["groups"]
            if dear in group[1]
        ]
        self.assertEqual(members.ids, [dear.id, cheap.id, never.id])

    def test_documents_ask_nothing_for_each_customer(self):
        counts = []
        for number in (2, 20):
            for index in range(number):
                customer = self._traveller(f"Customer {index}")
                customer.user_id = self.colleague
                self._walk(customer, (self.customer, JANUARY), (self.risk, MARCH))
            doc = self._print(self.leader, document="warning")
            for _warm in range(2):
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                self._html("warning", doc, self.leader)
                self._html("period", doc, self.leader)
            counts.append(self.env.cr.sql_log_count - before)
        # Twenty more customers need no query each.
        self.assertLess(counts[1], counts[0] + 5)

    def test_another_company_gets_none(self):
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            "otto",
            groups="sales_team.group_sale_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        env = self.env(user=stranger, context={"allowed_company_ids": other.ids})
        doc = self._print(self.leader)
        for report, records in (
            ("customer", self.ada),
            ("contact", self.ada.partner_id),
            ("period", doc),
            ("warning", doc),
        ):
            with self.subTest(report=report), self.assertRaises(AccessError):
                env["ir.actions.report"]._render_qweb_html(
                    f"crm_lifecycle_documents.{report}", records.ids
                )
        # Without a lifecycle, the document is allowed but lists no customers.
        doc = self._print(self.leader, document="warning", lifecycle_id=False)
        content, _type = env["ir.actions.report"]._render_qweb_html(
            "crm_lifecycle_documents.warning", doc.ids
        )
        [page] = html.fromstring(content).find_class("page")
        self.assertNotIn("Eve", page.text_content())

    def test_a_team_is_its_salespeople(self):
        team = self.env["crm.team"].create(
            {
                "name": "North",
                "company_id": self.company.id,
                "member_ids": [Command.link(self.colleague.id)],
            }
        )
        doc = self._print(self.leader, team_id=team.id)
        figures = self._figures(self.leader, domain=doc._get_domain())
        self.assertEqual(figures["losses"].profile_id, self.ben)
        self.assertEqual(figures["customers"], [0, 0, 0])

    def test_several_customers_each_in_their_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.eve.partner_id.lang = "zh_CN"
        partners = (self.ada | self.eve).partner_id
        page = self._html("contact", partners, self.salesperson)
        articles = page.xpath("//div[contains(@class, 'o_lifecycle_print')]")
        self.assertEqual(
            {article.get("data-oe-lang") for article in articles}, {"en_US", "zh_CN"}
        )
        self.assertIn(NAME, page.text_content())
        self.assertIn("The path so far", page.text_content())

    def test_contacts_of_others_are_left_out(self):
        partners = (self.ben | self.eve).partner_id
        page = self._html("contact", partners, self.salesperson)
        self.assertIn("Eve", page.text_content())
        self.assertNotIn("Ben", page.text_content())
        with self.assertRaisesRegex(UserError, "None of these contacts"):
            self._html("contact", self.ben.partner_id, self.salesperson)
        with self.assertRaises(AccessError):
            self._html("customer", self.ben, self.salesperson)

    def test_period_needs_a_lifecycle_and_days_in_order(self):
        with self.assertRaisesRegex(ValidationError, "first day"):
            self._print(self.leader, date_from=MARCH, date_to=JANUARY)
        with self.assertRaisesRegex(ValidationError, "lifecycle"):
            self._print(self.leader).lifecycle_id = False

    def test_pages_are_numbered_by_ourselves(self):
        for name in ("customer", "contact", "period", "warning"):
            report = self.env.ref(f"crm_lifecycle_documents.action_report_{name}")
            self.assertTrue(report.lifecycle_is_paged)
            self.assertFalse(report.paperformat_id)  # defaults to that of the company
