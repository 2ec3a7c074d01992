import re
from io import BytesIO

from odoo.tests import HttpCase, tagged
from odoo.tools.pdf import PdfFileReader

from .common import ReportCase


@tagged("post_install", "-at_install")
class TestPdf(ReportCase, HttpCase):
    """Documents as they come out of the converter, whichever is installed."""

    def _print(self, paperformat):
        self.company.paperformat_id = self.env.ref(f"base.paperformat_{paperformat}")
        customers = self._traveller("Ada") | self._traveller("Ben")
        Report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        if Report.get_wkhtmltopdf_state() == "install":
            self.skipTest("nothing to print with")
        content, kind = Report.with_company(self.company)._render(
            "crm_lifecycle_reports.customer", customers.ids
        )
        self.assertEqual(kind, "pdf")
        return PdfFileReader(BytesIO(content)).pages

    def test_each_customer_of_a_pack_has_page_numbers(self):
        pages = self._print("euro")
        numbers = [re.findall(r"\d+ / \d+", page.extract_text())[-1] for page in pages]
        self.assertEqual(numbers.count("1 / %s" % (len(pages) // 2)), 2)
        self.assertAlmostEqual(float(pages[0].mediabox.width), 595, delta=2)

    def test_letter_where_the_company_prints_on_it(self):
        pages = self._print("us")
        self.assertAlmostEqual(float(pages[0].mediabox.width), 612, delta=2)
        self.assertAlmostEqual(float(pages[0].mediabox.height), 792, delta=2)
