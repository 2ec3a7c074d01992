import re
from datetime import date
from io import BytesIO
from unittest.mock import patch

from lxml import html

from odoo.tests import tagged
from odoo.tools.pdf import PdfFileReader

from odoo.addons.base.models.ir_actions_report import IrActionsReport
from odoo.addons.crm_lifecycle_reports.tests.common import ReportCase

LONG = "Exceedingly Long Name of Forty Letters &"
CHINESE = (
    "上海浦东新区国际贸易客户关系管理咨询服务有限责任公司华东分公司第一营业部客户服务"
)


@tagged("post_install", "-at_install")
class TestPdf(ReportCase):
    """Documents as printed by the installed converter."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.name = "Lifecycle 客户 & Co"

    def _print(self, report, records, paperformat="euro"):
        """Return the texts of the pages, and the first page."""
        self.company.paperformat_id = self.env.ref(f"base.paperformat_{paperformat}")
        Report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        if Report.get_wkhtmltopdf_state() == "install":
            self.skipTest("nothing to print with")
        content, kind = Report.with_company(self.company)._render(report, records.ids)
        self.assertEqual(kind, "pdf")
        pages = PdfFileReader(BytesIO(content)).pages
        texts = [re.sub(r"\s+", " ", page.extract_text()) for page in pages]
        return texts, pages[0]

    def _print_customers(self, paperformat):
        customers = self._traveller("Ada") | self._traveller("Ben")
        return self._print("crm_lifecycle_documents.customer", customers, paperformat)

    def _print_document(self, document, **vals):
        doc = self.env["crm.lifecycle.print"].create(
            {"document": document, "lifecycle_id": self.lifecycle.id, **vals}
        )
        texts, _page = self._print(f"crm_lifecycle_documents.{document}", doc)
        return texts

    def _assert_pages(self, texts):
        """Assert that each page has the company, and ends with its number."""
        for number, text in enumerate(texts, start=1):
            self.assertIn("Lifecycle", text)
            self.assertIn(f"{number} / {len(texts)}", text)
            self.assertNotIn("\ufffd", text)

    def test_each_customer_of_a_pack_has_page_numbers(self):
        texts, page = self._print_customers("euro")
        numbers = [re.findall(r"\d+ / \d+", text)[-1] for text in texts]
        self.assertEqual(numbers.count("1 / %s" % (len(texts) // 2)), 2)
        self.assertAlmostEqual(float(page.mediabox.width), 595, delta=2)

    def test_the_converter_asks_no_server_for_anything(self):
        """Regression: the converter waited for assets of a busy or remote server."""
        convert = IrActionsReport._run_wkhtmltopdf
        documents = []

        def keep(report, bodies, **kwargs):
            documents.extend(bodies)
            return convert(report, bodies, **kwargs)

        with patch.object(IrActionsReport, "_run_wkhtmltopdf", keep):
            self._print_customers("euro")
        self.assertEqual(len(documents), 2)
        for document in documents:
            tags = {element.tag for element in html.fromstring(document).iter()}
            self.assertFalse(tags & {"link", "script", "iframe"})
            self.assertNotRegex(document, r"url\(|@import|src=[\"'](?!data:)")

    def test_letter_where_the_company_prints_on_it(self):
        _texts, page = self._print_customers("us")
        self.assertAlmostEqual(float(page.mediabox.width), 612, delta=2)
        self.assertAlmostEqual(float(page.mediabox.height), 792, delta=2)

    def test_warnings_have_head_and_numbers_on_each_page(self):
        for number in range(30):
            name = f"{number} {CHINESE if number % 2 else LONG}"[:40]
            customer = self._traveller(name)
            self._walk(
                customer,
                (self.customer, date(2026, 1, 1)),
                (self.risk, date(2026, 3, 1)),
            )
        texts = self._print_document("warning")
        self.assertGreater(len(texts), 1)
        self._assert_pages(texts)
        for text in texts:
            self.assertIn("At risk since", text)
        told = re.sub(r"\s", "", "".join(texts))
        for name in (f"28 {LONG}"[:40], f"29 {CHINESE}"[:40]):
            self.assertIn(re.sub(r"\s", "", name), told)

    def test_the_report_of_a_period_has_head_and_numbers_on_each_page(self):
        for name in (LONG, CHINESE):
            self._walk(
                self._traveller(name),
                (self.prospect, date(2025, 11, 1)),
                (self.customer, date(2026, 1, 1)),
                (self.risk, date(2026, 3, 1)),
            )
        texts = self._print_document(
            "period",
            span="custom",
            date_from=date(2026, 1, 1),
            date_to=date(2026, 3, 31),
        )
        self.assertGreater(len(texts), 1)
        self._assert_pages(texts)
