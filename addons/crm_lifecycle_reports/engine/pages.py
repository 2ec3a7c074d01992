"""Page numbers and packs of documents, done to finished PDFs.

Whether wkhtmltopdf can print a footer, and more than one document at once, depends on
the Qt it was built with; Debian's can do neither. So documents come without a footer,
one by one, and the numbers are written here, the same with every converter.
"""

import io

from reportlab.pdfgen import canvas

from odoo.tools.pdf import PdfFileReader, PdfFileWriter

SIZE, FROM_BELOW = 8, 26  # points


def number(pdf: bytes, told="{page} / {pages}") -> bytes:
    """Return a PDF with the number of each page and of all pages at its foot."""
    reader = PdfFileReader(io.BytesIO(pdf), strict=False)
    writer = PdfFileWriter()
    pages = list(reader.pages)
    for index, page in enumerate(pages, start=1):
        text = told.format(page=index, pages=len(pages))
        page.merge_page(_write(text, page.mediabox))
        writer.add_page(page)
    return _save(writer)


def bind(pdfs) -> bytes:
    """Return several PDFs as one."""
    if len(pdfs) == 1:
        return pdfs[0]
    writer = PdfFileWriter()
    for pdf in pdfs:
        for page in PdfFileReader(io.BytesIO(pdf), strict=False).pages:
            writer.add_page(page)
    return _save(writer)


def _write(text, box):
    """Return an empty page of a size with a text in the middle of its foot."""
    width, height = float(box.width), float(box.height)
    stream = io.BytesIO()
    page = canvas.Canvas(stream, pagesize=(width, height))
    page.setFont("Helvetica", SIZE)
    page.setFillGray(0.4)
    page.drawCentredString(width / 2, FROM_BELOW, text)
    page.save()
    return PdfFileReader(io.BytesIO(stream.getvalue()), strict=False).pages[0]


def _save(writer):
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()
