"""Small SVG charts for documents, without libraries, scripts or fonts.

Each function takes plain values and returns one ``<svg>``. Names are escaped and
truncated by the estimated width of their letters; the tables beside the charts show
them in full. Documents embed charts as images (`as_image`), because the HTML parser of
reports does not know SVG attributes.
"""

import base64
import unicodedata
from xml.sax.saxutils import escape, quoteattr

WIDTH = 900
INK, FAINT, GRID = "#374151", "#6b7280", "#d1d5db"
FONT = "DejaVu Sans, WenQuanYi Micro Hei, Noto Sans CJK SC, sans-serif"
# Alternating dark and light, to differ in grey print as well.
COLORS = ("#714b67", "#4ba3a8", "#d9a441", "#b3493f", "#7a869a")


def as_image(svg: str) -> str:
    """Return a chart as the source of an ``<img>``."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def get_text_width(text: str, size: float) -> float:
    """Return the estimated width of a text. Chinese letters are as wide as high."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return size * (wide + 0.58 * (len(text) - wide))


def truncate(text: str, room: float, size: float) -> str:
    """Truncate a text to the available width, with an ellipsis."""
    if get_text_width(text, size) <= room:
        return text
    while text and get_text_width(text + "…", size) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def get_axis_maximum(highest: float) -> float:
    """Round up to 1, 2 or 5 times a power of ten."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if factor * step >= highest:
                return factor * step
        step *= 10


def funnel(rows, *, width=WIDTH) -> str:
    """Draw a horizontal bar per stage.

    :param rows: ``[(name, number, text after the bar)]``, from the top
    """
    line, left, right, size = 26, 190, 130, 12
    highest = max((number for _name, number, _label in rows), default=0) or 1
    room = width - left - right
    parts = []
    for index, (name, number, label) in enumerate(rows):
        y = index * line
        bar = round(room * number / highest, 1)
        parts += [
            _text(left - 10, y + 17, truncate(name, left - 16, size), anchor="end"),
            _bar(left, y + 4, max(bar, 1), line - 8, 1 - 0.08 * min(index, 8)),
            _text(left + bar + 8, y + 17, truncate(label, right - 10, size)),
        ]
    return _svg(width, max(len(rows), 1) * line, parts)


def columns(months, series, *, width=WIDTH, height=210) -> str:
    """Draw columns per month: gains above the line, losses below it.

    :param months: the labels below the columns
    :param series: ``[(name, numbers by month)]``; negative numbers go below the line
    """
    left, top, bottom, size = 46, 26, 22, 11
    tops = [sum(max(v, 0) for v in column) for column in _by_month(months, series)]
    lows = [sum(min(v, 0) for v in column) for column in _by_month(months, series)]
    up, down = max(tops, default=0), -min(lows, default=0)
    up = get_axis_maximum(up) if up else 0
    down = get_axis_maximum(down) if down else 0
    room = height - top - bottom
    unit = room / ((up + down) or 1)
    zero = top + up * unit
    parts = _legend([name for name, _numbers in series], left, size)
    for value in sorted({up, 0, -down}):
        y = round(zero - value * unit, 1)
        parts.append(_line(left, y, width, y, GRID if value else FAINT))
        parts.append(_text(left - 6, y + 4, str(abs(value)), anchor="end", fill=FAINT))
    step = (width - left) / max(len(months), 1)
    for index, column in enumerate(_by_month(months, series)):
        x = left + index * step
        parts += _stack(column, x + step * 0.2, step * 0.6, zero, unit)
        label = truncate(months[index], step, size)
        middle = x + step / 2
        parts.append(_text(middle, height - 6, label, anchor="middle", fill=FAINT))
    return _svg(width, height, parts)


def lines(names, series, *, width=WIDTH, height=180, unit="%") -> str:
    """Draw lines of shares from 0 to 1, such as retention.

    :param names: the labels below the points
    :param series: ``[(name, shares)]``; None for an unknown share
    """
    left, top, bottom, size = 46, 26, 22, 11
    room, step = height - top - bottom, (width - left - 12) / max(len(names) - 1, 1)
    parts = _legend([name for name, _shares in series], left, size)
    for share in (0, 0.5, 1):
        y = round(top + room * (1 - share), 1)
        parts.append(_line(left, y, width, y, GRID if share else FAINT))
        label = f"{share * 100:.0f}{unit}"
        parts.append(_text(left - 6, y + 4, label, anchor="end", fill=FAINT))
    for index, name in enumerate(names):
        x = left + index * step
        parts.append(_text(x, height - 6, name, anchor="middle", fill=FAINT))
    for index, (_name, shares) in enumerate(series):
        points = " ".join(
            f"{left + place * step:.1f},{top + room * (1 - share):.1f}"
            for place, share in enumerate(shares)
            if share is not None
        )
        parts.append(
            f'<polyline points="{points}" fill="none" '
            f'stroke="{COLORS[index % len(COLORS)]}" stroke-width="2"/>'
        )
    return _svg(width, height, parts)


def _by_month(months, series):
    return [[numbers[index] for _n, numbers in series] for index in range(len(months))]


def _stack(column, x, width, zero, unit):
    """Return the parts of one column, stacked above or below each other."""
    parts, above, below = [], zero, zero
    for index, value in enumerate(column):
        size = abs(value) * unit
        if not size:
            continue
        if value > 0:
            above -= size
            y = above
        else:
            y, below = below, below + size
        color = COLORS[index % len(COLORS)]
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{size:.1f}" '
            f'fill="{color}"/>'
        )
    return parts


def _legend(names, x, size):
    parts = []
    for index, name in enumerate(names):
        color = COLORS[index % len(COLORS)]
        parts.append(f'<rect x="{x:.1f}" y="2" width="10" height="10" fill="{color}"/>')
        parts.append(_text(x + 15, 11, truncate(name, 150, size), size=size))
        x += 35 + min(get_text_width(name, size), 150)
    return parts


def _text(x, y, text, *, size=12, anchor="start", fill=INK):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
        f"fill={quoteattr(fill)}>{escape(text)}</text>"
    )


def _bar(x, y, width, height, opacity):
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" '
        f'fill="{COLORS[0]}" fill-opacity="{opacity:.2f}"/>'
    )


def _line(x1, y1, x2, y2, color):
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{color}"/>'


def _svg(width, height, parts):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="{FONT}">{"".join(parts)}</svg>'
    )
