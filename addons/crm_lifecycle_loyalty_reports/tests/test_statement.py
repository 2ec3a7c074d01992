import re
from datetime import timedelta
from io import BytesIO

from odoo import fields
from odoo.tests import TransactionCase, tagged
from odoo.tools.pdf import PdfFileReader

LONG = "Exceedingly Long Name of Forty Letters &"
CHINESE = (
    "上海浦东新区国际贸易客户关系管理咨询服务有限责任公司华东分公司第一营业部客户服务"
)


@tagged("post_install", "-at_install")
class TestStatement(TransactionCase):
    """The PDF statement of points, on the company's letterhead with page numbers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Points 积分 & Co"})
        cls.env.user.company_ids |= cls.company
        cls.program = cls.env["loyalty.program"].create(
            {
                "name": "Club",
                "program_type": "loyalty",
                "company_id": cls.company.id,
            }
        )
        cls.cards = cls._card(LONG) | cls._card(CHINESE)

    @classmethod
    def _card(cls, name):
        partner = cls.env["res.partner"].create({"name": name})
        card = cls.env["loyalty.card"].create(
            {"program_id": cls.program.id, "partner_id": partner.id}
        )
        today = fields.Date.today()
        card._post_many(
            [
                {
                    "card": card,
                    "points": 10,
                    "kind": "earn",
                    "date": today - timedelta(days=days),
                }
                for days in range(60, 0, -1)
            ]
        )
        return card

    def _print(self, paperformat):
        self.company.paperformat_id = self.env.ref(f"base.paperformat_{paperformat}")
        Report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        if Report.get_wkhtmltopdf_state() == "install":
            self.skipTest("nothing to print with")
        content, kind = Report.with_company(self.company)._render(
            "crm_loyalty.report_statement", self.cards.ids
        )
        self.assertEqual(kind, "pdf")
        return PdfFileReader(BytesIO(content)).pages

    def test_each_page_has_company_heads_and_number(self):
        texts = [page.extract_text() for page in self._print("euro")]
        half = len(texts) // 2
        self.assertGreater(half, 1)
        for number, text in enumerate(texts):
            self.assertIn(f"{number % half + 1} / {half}", text)
            self.assertIn("Points", text)
            self.assertIn("Balance", text)
            self.assertNotIn("\ufffd", text)
        told = [re.sub(r"\s", "", text) for text in texts]
        for text in told[:half]:
            self.assertIn(re.sub(r"\s", "", LONG), text)
        for text in told[half:]:
            self.assertIn(CHINESE, text)

    def test_the_company_chooses_the_paper(self):
        for paperformat, width in (("euro", 595), ("us", 612)):
            page = self._print(paperformat)[0]
            self.assertAlmostEqual(float(page.mediabox.width), width, delta=2)
