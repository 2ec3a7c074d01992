import re
from datetime import date
from io import BytesIO
from xml.etree import ElementTree

from reportlab.pdfgen import canvas

from odoo.tests import BaseCase, tagged
from odoo.tools.pdf import PdfFileReader

from ..engine import pages, periods, running_header, svg, table_pagination


@tagged("post_install", "-at_install")
class TestPeriods(BaseCase):
    def test_last_period_is_whole_and_over(self):
        day = date(2026, 3, 2)  # a Monday
        self.assertEqual(
            periods.get_last_period("week", day), (date(2026, 2, 23), date(2026, 3, 1))
        )
        self.assertEqual(
            periods.get_last_period("month", day), (date(2026, 2, 1), date(2026, 2, 28))
        )
        self.assertEqual(
            periods.get_last_period("quarter", day),
            (date(2025, 10, 1), date(2025, 12, 31)),
        )
        self.assertEqual(
            periods.get_last_period("year", day), (date(2025, 1, 1), date(2025, 12, 31))
        )

    def test_months_are_compared_with_months_and_days_with_days(self):
        self.assertEqual(
            periods.get_previous_period(date(2026, 2, 1), date(2026, 3, 31)),
            (date(2025, 12, 1), date(2026, 1, 31)),
        )
        self.assertEqual(
            periods.get_previous_period(date(2026, 2, 3), date(2026, 2, 9)),
            (date(2026, 1, 27), date(2026, 2, 2)),
        )

    def test_months_up_to_a_day(self):
        self.assertEqual(
            periods.months_until(date(2026, 1, 31), 3),
            [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1)],
        )


@tagged("post_install", "-at_install")
class TestCharts(BaseCase):
    def test_names_are_escaped_and_cut(self):
        name = "<script>&" + "x" * 60
        root = ElementTree.fromstring(svg.funnel([(name, 3, "3 (100 %)")]))
        texts = [node.text for node in root.iter() if node.tag.endswith("text")]
        self.assertTrue(texts[0].startswith("<script>&x"))
        self.assertTrue(texts[0].endswith("…"))
        self.assertEqual(texts[1], "3 (100 %)")

    def test_chinese_letters_take_twice_the_room(self):
        self.assertLess(len(svg.truncate("客" * 40, 120, 12)), 12)
        self.assertEqual(svg.truncate("客户", 120, 12), "客户")

    def test_nothing_is_drawn_of_nothing(self):
        for chart in (
            svg.funnel([]),
            svg.funnel([("Prospect", 0, "0")]),
            svg.columns([], []),
            svg.columns(["2026-01"], [("New", [0]), ("Lost", [0])]),
        ):
            ElementTree.fromstring(chart)

    def test_bars_are_as_long_as_their_numbers(self):
        root = ElementTree.fromstring(
            svg.funnel([("Many", 100, "100"), ("Half", 50, "50")])
        )
        bars = [
            float(node.get("width"))
            for node in root.iter()
            if node.tag.endswith("rect")
        ]
        self.assertEqual(bars[0], 2 * bars[1])

    def test_scale_is_round_and_high_enough(self):
        self.assertEqual(
            [svg.get_axis_maximum(value) for value in (1, 3, 7, 12, 1001)],
            [1, 5, 10, 20, 2000],
        )


@tagged("post_install", "-at_install")
class TestPages(BaseCase):
    def _pdf(self, count):
        stream = BytesIO()
        page = canvas.Canvas(stream)
        for number in range(count):
            page.drawString(50, 500, f"Text {number}")
            page.showPage()
        page.save()
        return stream.getvalue()

    def _texts(self, pdf):
        return [page.extract_text() for page in PdfFileReader(BytesIO(pdf)).pages]

    def test_each_page_gets_its_number_once(self):
        texts = self._texts(pages.add_page_numbers(self._pdf(3)))
        self.assertEqual(len(texts), 3)
        for index, text in enumerate(texts, start=1):
            self.assertIn(f"Text {index - 1}", text)
            self.assertEqual(text.count(f"{index} / 3"), 1)

    def test_numbering_leaves_a_page_as_it_is(self):
        """Regression: parsed pages became more than twenty times as large."""
        stream = BytesIO()
        page = canvas.Canvas(stream, pageCompression=1)
        for number in range(2000):
            page.drawString(50 + number % 400, 50 + number % 700, f"Text {number}")
        page.save()
        pdf = stream.getvalue()
        self.assertLess(len(pages.add_page_numbers(pdf)), len(pdf) + 2000)

    def test_each_page_but_the_first_gets_the_running_head(self):
        stream = BytesIO()
        page = canvas.Canvas(stream)
        page.drawString(50, 820, "Lifecycle & Co")
        page.save()
        texts = self._texts(pages.add_page_numbers(self._pdf(3), stream.getvalue(), 18))
        self.assertEqual(["Lifecycle & Co" in text for text in texts], [False, 1, 1])

    def test_a_page_without_anything_gets_its_number(self):
        stream = BytesIO()
        page = canvas.Canvas(stream)
        page.showPage()
        page.save()
        self.assertIn(
            "1 / 1", self._texts(pages.add_page_numbers(stream.getvalue()))[0]
        )

    def test_documents_bound_together_keep_their_numbers(self):
        pdf = pages.merge(
            [pages.add_page_numbers(self._pdf(count)) for count in (2, 1)]
        )
        numbers = [re.findall(r"\d / \d", text) for text in self._texts(pdf)]
        self.assertEqual(numbers, [["1 / 2"], ["2 / 2"], ["1 / 1"]])


@tagged("post_install", "-at_install")
class TestTablePagination(BaseCase):
    def test_rows_of_a_line_fill_a_block(self):
        sizes = [len(block) for block in table_pagination.split(range(40))]
        self.assertEqual(sizes, [30, 10])
        self.assertEqual(table_pagination.split([]), [])

    def test_long_rows_fill_it_sooner(self):
        def get_texts(row):
            return [("Short", 0.5), ("客" * row, 0.5)]

        self.assertEqual(
            [len(block) for block in table_pagination.split([136] * 9, get_texts)],
            [6, 3],
        )
        # A row that fits into no block gets its own.
        self.assertEqual(
            table_pagination.split([1, 1000, 1], get_texts, table_pagination.LANDSCAPE),
            [[1], [1000], [1]],
        )

    def test_nothing_takes_a_line(self):
        self.assertEqual(table_pagination.count_lines([("", 0.1), (None, 0.2)]), 1)
        self.assertEqual(table_pagination.count_lines([]), 1)


@tagged("post_install", "-at_install")
class TestRunningHeader(BaseCase):
    def test_the_head_of_a_document_is_a_document(self):
        head = running_header.get_running_header(
            "<html><body><style>b {color: red}</style>"
            '<div class="o_running_header"><b>客户 &amp; Co</b></div>'
            "<p>Text</p></body></html>"
        )
        self.assertIn("客户 &amp; Co", head)
        self.assertIn("color: red", head)
        self.assertNotIn("Text", head)

    def test_a_document_may_have_none(self):
        self.assertIsNone(
            running_header.get_running_header("<html><body><p>Text</p></body></html>")
        )
