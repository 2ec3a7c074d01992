"""Running head of a document: what each page after the first repeats."""

from lxml import html

NAME = "o_paper_strip"
PAGE = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"/></head>'
    '<body style="margin: 0 4.5%"><div class="o_lifecycle_paper o_paper_heads">'
    "{}</div></body></html>"
)


def get_head(document: str) -> str | None:
    """Return the running head of a document as its own document.

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
