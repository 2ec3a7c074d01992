"""Split the rows of long tables into blocks that fit on a page.

Some converters break a table in the middle of a line, unless its container fits on a
page. So rows are grouped by the number of lines they probably take.
"""

from math import ceil

from .svg import get_text_width

# Of a page, standing and lying: letters of full height that fit beside each other, and
# lines of a block, of which some fit on it.
PORTRAIT, LANDSCAPE = (64, 30), (100, 18)
# Words do not fill their lines.
FILLED = 0.85


def split(rows, get_texts=None, page=PORTRAIT):
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


def count_lines(texts, page=PORTRAIT):
    """Return how many lines a row of a table is likely to take."""
    return (
        max(
            (
                ceil(get_text_width(text or "", 1) / (share * page[0] * FILLED))
                for text, share in texts
            ),
            default=1,
        )
        or 1
    )
