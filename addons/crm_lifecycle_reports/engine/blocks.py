"""Split the rows of long tables into blocks that fit on a page.

Some converters break a table in the middle of a line, unless its container fits on a
page. So rows are grouped by the number of lines they probably take.
"""

from math import ceil

from .svg import width_of

# Portrait and landscape: full-height letters per line, and lines per block. Several
# blocks fit on a page.
STANDING, LYING = (64, 30), (100, 18)
# Share of a line that words fill.
FILLED = 0.85


def split(rows, get_texts=None, page=STANDING):
    """Return rows as a list of blocks.

    :param get_texts: returns ``[(text, share of the width)]`` of a row; without it,
        each row takes one line
    """
    blocks, room = [], 0
    for row in rows:
        lines = count_lines(get_texts(row), page) if get_texts else 1
        if not blocks or lines > room:
            blocks.append([])
            room = page[1]
        blocks[-1].append(row)
        room -= lines
    return blocks


def count_lines(texts, page=STANDING):
    """Return the estimated number of lines of a table row."""
    return (
        max(
            (
                ceil(width_of(text or "", 1) / (share * page[0] * FILLED))
                for text, share in texts
            ),
            default=1,
        )
        or 1
    )
