"""Page numbers, running headers and packs of documents, added to finished PDFs.

Whether wkhtmltopdf can print headers, footers and several documents at once depends on
the Qt it was built with; Debian's can do neither. So documents are converted without
them, one by one, and this module draws them, the same for every converter.

The content of a page is wrapped without parsing it. Parsing pages, as libraries do to
merge two, takes ten times as long as creating them.
"""

import io

from reportlab.pdfbase.pdfmetrics import stringWidth

from odoo.tools.pdf import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    PdfFileReader,
    PdfFileWriter,
)

FONT, SIZE, FROM_BELOW = "Helvetica", 8, 26  # points
MM = 72 / 25.4


def count(pdf: bytes) -> int:
    """Return the number of pages of a PDF."""
    return len(_read(pdf).pages)


def add_page_numbers(
    pdf: bytes, header: bytes | None = None, height=0, label="{page} / {pages}"
):
    """Return a PDF with the number of each page and of all pages at its foot.

    :param header: a PDF whose first page is of the same size: what is in its uppermost
        ``height`` millimetres is drawn on each page but the first
    """
    writer = PdfFileWriter()
    pages = list(_read(pdf).pages)
    form = header and writer._add_object(_get_form(_read(header).pages[0], height * MM))
    for index, page in enumerate(pages, start=1):
        text = label.format(page=index, pages=len(pages))
        _draw(writer, page, text, form if index > 1 else None)
        writer.add_page(page)
    return _save(writer)


def merge(pdfs) -> bytes:
    """Join several PDFs into one."""
    if len(pdfs) == 1:
        return pdfs[0]
    writer = PdfFileWriter()
    for pdf in pdfs:
        for page in _read(pdf).pages:
            writer.add_page(page)
    return _save(writer)


def _draw(writer, page, text, form):
    """Draw a centred footer text on a page, and a form on top of the page."""
    box = page["/MediaBox"]
    left, bottom, right = float(box[0]), float(box[1]), float(box[2])
    x = (left + right - stringWidth(text, FONT, SIZE)) / 2
    drawing = (
        f"Q q BT /PageNumber {SIZE} Tf 0.4 g "
        f"{x:.2f} {bottom + FROM_BELOW:.2f} Td ({text}) Tj ET Q"
    )
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": f"/{FONT}"}
    names = {"/Font": {"/PageNumber": _names(font)}}
    if form:
        drawing += " q /PageHeader Do Q"
        names["/XObject"] = {"/PageHeader": form}
    page[NameObject("/Resources")] = _add_names(page["/Resources"], names)
    contents = page["/Contents"] if "/Contents" in page else ArrayObject()
    if not isinstance(contents, ArrayObject):
        contents = ArrayObject([page.raw_get("/Contents")])
    page[NameObject("/Contents")] = ArrayObject(
        [
            writer._add_object(_stream("q")),
            *contents,
            writer._add_object(_stream(drawing)),
        ]
    )


def _get_form(page, height):
    """Return the top ``height`` points of a page as a form, to draw on other pages."""
    left, _bottom, right, top = (float(edge) for edge in page["/MediaBox"])
    form = _stream(page.get_contents().get_data() if "/Contents" in page else "")
    form.update(
        {
            **_names({"/Type": "/XObject", "/Subtype": "/Form"}),
            NameObject("/BBox"): ArrayObject(
                NumberObject(round(edge)) for edge in (left, top - height, right, top)
            ),
            NameObject("/Resources"): page["/Resources"],
        }
    )
    return form


def _add_names(resources, names):
    """Return resources of a page with more names; pages may share theirs."""
    resources = DictionaryObject(resources)
    for kind, added in names.items():
        entries = DictionaryObject(resources.get(kind, {}))
        entries.update({NameObject(name): entry for name, entry in added.items()})
        resources[NameObject(kind)] = entries
    return resources


def _names(values):
    return DictionaryObject(
        {NameObject(key): NameObject(value) for key, value in values.items()}
    )


def _stream(content):
    stream = DecodedStreamObject()
    stream.set_data(content.encode() if isinstance(content, str) else content)
    return stream.flate_encode()


def _read(pdf):
    return PdfFileReader(io.BytesIO(pdf), strict=False)


def _save(writer):
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()
