"""The running header of a document: its company and title on each further page."""

from lxml import html

NAME = "o_running_header"
PAGE = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"/></head>'
    '<body style="margin: 0 4.5%"><div class="o_lifecycle_print o_running_header_page">'
    "{}</div></body></html>"
)


def get_running_header(document: str) -> str | None:
    """Return the running header of a document, as a document of its own.

    It is the first element of the class `NAME`, which the style of documents hides.
    """
    tree = html.fromstring(document)
    found = tree.find_class(NAME)
    if not found:
        return None
    parts = [*tree.iter("style"), found[0]]
    for part in parts:
        part.tail = None
    return PAGE.format(
        "".join(html.tostring(part, encoding="unicode") for part in parts)
    )
