"""Dashboards as Odoo's Dashboards app reads them: a spreadsheet in JSON.

A board is told as a list of blocks, from the top: strips of figures, charts, tables and
lists, each with its sample, see `lifecycle.py`. `Board.render` makes the spreadsheet
that asks the models, and `Board.render(sample=True)` the one that is shown, greyed out,
while there is nothing to ask for. Each block is a class that draws itself on a `Page`.

Words that people read go through `_t(…)` of the spreadsheet or are titles, so that
Odoo's export of translations finds them; headings that a field has are the field's.
"""

import json
import re
from dataclasses import dataclass, field

VERSION = "18.5.10"
# Widths in pixels: a name and three numbers, twice, with a gap between them.
HALF = (220, 95, 95, 95)
GAP = 40
ROW = 23
TITLE_ROW = 40
CARD = 100
CHART_ROWS = 13
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

INK, ACCENT = "#434343", "#01666b"
STYLES = {
    "title": {"textColor": ACCENT, "bold": True, "fontSize": 16},
    "head": {"textColor": INK, "bold": True, "fontSize": 11},
    "head_right": {"textColor": INK, "bold": True, "fontSize": 11, "align": "right"},
    "cell": {"textColor": INK, "verticalAlign": "middle"},
    "wall": {"textColor": INK, "verticalAlign": "middle", "fontSize": 12},
    "note": {"textColor": INK, "italic": True},
}
FORMATS = {"count": "#,##0", "share": "0%", "number": "#,##0.0", "date": "yyyy-mm-dd"}
BORDERS = {"under": {"bottom": {"style": "thin", "color": "#CCCCCC"}}}
CALM, WARM = "#EFF6FF", "#FFF7ED"


def number(mapping, name):
    """Return the number, as text, under which a style or format is kept."""
    return str(list(mapping).index(name) + 1)


def slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def translated(text):
    return f'=_t("{text}")'


@dataclass(frozen=True)
class Filter:
    """A global filter. ``model`` is empty for the period."""

    key: str
    label: str
    model: str = ""
    default: str = ""

    def render(self):
        if not self.model:
            period = {"id": self.key, "type": "date", "label": self.label}
            return period | {"defaultValue": self.default}
        return {
            "id": self.key,
            "type": "relation",
            "label": self.label,
            "modelName": self.model,
            "includeChildren": False,
            "defaultValueDisplayNames": [],
        }


@dataclass(frozen=True)
class Source:
    """A model, and by which of its fields each filter holds for it."""

    model: str
    chains: dict
    period: str = ""
    period_type: str = "date"

    def match(self, filters, *, offset=0, always=False):
        """Return the field matching; ``always``: whatever the period is."""
        matching = {}
        for item in filters:
            if not item.model:
                if self.period and not always:
                    matching[item.key] = {
                        "chain": self.period,
                        "type": self.period_type,
                        "offset": offset,
                    }
            elif item.key in self.chains:
                chain = self.chains[item.key]
                kind = "many2many" if chain.endswith("_ids") else "many2one"
                matching[item.key] = {"chain": chain, "type": kind}
        return matching


class Page:
    """A sheet that is filled from the top, and the data behind it."""

    def __init__(self, board, *, is_sample):
        self.board = board
        self.is_sample = is_sample
        self.row = 0
        self.cells, self.styles, self.formats = {}, {}, {}
        self.borders, self.rows, self.figures = {}, {}, []
        self.data, self.data_formats, self.data_row = {}, {}, 0
        self.pivots, self.lists, self.menus = {}, {}, {}

    # Cells

    def put(self, column, row, content, style="cell", format_=None):
        """Fill a cell; rows count from nought, as in the file."""
        name = f"{LETTERS[column]}{row + 1}"
        if content != "":
            self.cells[name] = content
        self.styles[name] = int(number(STYLES, style))
        if format_:
            self.formats[name] = int(number(FORMATS, format_))

    def title(self, column, text, menu, width):
        """Put the title of a block, a link to the screen behind it."""
        content = (
            f"[{text}](odoo://ir_menu_xml_id/{menu})" if menu else translated(text)
        )
        self.put(column, self.row, content, "title")
        self.rows[str(self.row)] = {"size": TITLE_ROW}
        last = LETTERS[column + width - 1]
        self.borders[f"{LETTERS[column]}{self.row + 1}:{last}{self.row + 1}"] = 1

    def keep(self, *values):
        """Add a line to the data sheet and return its number, from one."""
        self.data_row += 1
        for column, value in enumerate(values):
            if value != "":
                self.data[f"{LETTERS[column]}{self.data_row}"] = str(value)
        return self.data_row

    def add_figure(self, key, column, x, width, height, data, row=None):
        row = self.row if row is None else row
        self.figures.append(
            {
                "id": key,
                "col": column,
                "row": row,
                "offset": {"x": x, "y": 6},
                "width": width,
                "height": height,
                "tag": "chart",
                "data": data | {"chartId": key},
            }
        )

    # Questions

    def add_pivot(
        self, name, source, measures, *, rows=(), domain=(), offset=0, always=False,
        order=None,
    ):  # fmt: skip
        """Add a pivot and return its number."""
        key = str(len(self.pivots) + 1)
        pivot = {
            "type": "ODOO",
            "fieldMatching": source.match(
                self.board.filters, offset=offset, always=always
            ),
            "context": {},
            "domain": list(domain),
            "id": key,
            "formulaId": key,
            "measures": [{"id": item, "fieldName": item} for item in measures],
            "model": source.model,
            "name": name,
            "columns": [],
            "rows": [{"fieldName": item} for item in rows],
        }
        if order:
            pivot["sortedColumn"] = {"measure": order, "order": "desc", "domain": []}
        self.pivots[key] = pivot
        return key

    def add_list(self, name, source, columns, domain, order):
        """Add a list and return its number. ``order``: a field, `-` for last first."""
        key = str(len(self.lists) + 1)
        self.lists[key] = {
            "id": key,
            "name": name,
            "model": source.model,
            "columns": list(columns),
            "domain": list(domain),
            "context": {},
            "orderBy": [
                {"name": item.lstrip("-"), "asc": not item.startswith("-")}
                for item in order
            ],
            "fieldMatching": source.match(self.board.filters),
        }
        return key


@dataclass(frozen=True)
class Figure:
    """One figure of a strip, beside that of the period before where it has one."""

    title: str
    source: Source
    measure: str
    sample: tuple
    menu: str = ""
    domain: tuple = ()
    of: str = ""
    values: tuple = ()
    compared: bool = False
    always: bool = False
    is_bad: bool = False
    format_: str = "count"
    color: str = CALM
    # A share says nothing of figures that may be below zero.
    shows: str = "percentage"

    def ask(self, page, offset=0):
        """Return the formula of the figure: a total, or that of some groups."""
        rows = [self.of] if self.of else []
        pivot = page.board.share(page, self, rows, offset)
        if not self.of:
            return f'=PIVOT.VALUE({pivot},"{self.measure}")'
        parts = (
            f'PIVOT.VALUE({pivot},"{self.measure}","{self.of}","{value}")'
            for value in self.values
        )
        return "=" + "+".join(parts)

    def tell(self, page):
        """Keep the figure on the data sheet and return its line."""
        if page.is_sample:
            now, before = self.sample
        else:
            now = self.ask(page)
            before = self.ask(page, -1) if self.compared else ""
        line = page.data_row + 1
        show = "=FORMAT.LARGE.NUMBER({0}{1})" if self.format_ == "count" else "={0}{1}"
        page.keep(
            translated(self.title),
            now,
            before if self.compared else "",
            show.format("B", line),
            show.format("C", line) if self.compared else "",
        )
        if self.format_ != "count":
            page.data_formats[f"D{line}:E{line}"] = int(number(FORMATS, self.format_))
        return line

    def draw(self, page, x, width, height):
        line = self.tell(page)
        key = f"figure-{slug(self.title)}"
        data = {
            "type": "scorecard",
            "title": {"text": self.title, "bold": True, "color": INK},
            "background": self.color,
            "keyValue": f"Data!D{line}",
            "baselineMode": "difference",
            "baselineColorDown": "#DC6965",
            "baselineColorUp": "#00A04A",
            "humanize": False,
        }
        if self.is_bad:
            data |= {"baselineColorDown": "#00A04A", "baselineColorUp": "#DC6965"}
        if self.compared:
            data |= {
                "baseline": f"Data!E{line}",
                "baselineMode": self.shows,
                "baselineDescr": {"text": "vs. before"},
            }
        page.add_figure(key, 0, x, width, height, data)
        if self.menu:
            page.menus[key] = self.menu


@dataclass(frozen=True)
class Strip:
    """Figures beside each other."""

    figures: tuple

    def draw(self, page):
        board = page.board
        gap = 10
        count = len(self.figures)
        width = (board.width - gap * (count - 1)) // count
        for place, item in enumerate(self.figures):
            item.draw(page, place * (width + gap), width, board.card)
        page.row += -(-(board.card + 16) // ROW)


@dataclass(frozen=True)
class Chart:
    """A chart of a model. ``sample``: ``{label: value}``."""

    title: str
    kind: str
    source: Source
    group_by: tuple
    measure: str
    sample: dict
    menu: str = ""
    domain: tuple = ()
    always: bool = False
    rows: int = CHART_ROWS
    options: dict = field(default_factory=dict)

    def draw(self, page, column, width, pixels):
        page.title(column, self.title, self.menu, width)
        key = f"chart-{slug(self.title)}"
        shape = {
            "title": {"text": ""},
            "background": "#FFFFFF",
            "legendPosition": "top" if len(self.group_by) > 1 else "none",
        } | self.options
        data = self.show_sample(page) if page.is_sample else self.ask(page)
        height = CHART_ROWS * ROW
        page.add_figure(
            key, column, 0, pixels, height, shape | data, row=page.row + 1
        )  # fmt: skip
        if self.menu:
            page.menus[key] = self.menu
        return self.rows + 2

    def ask(self, page):
        return {
            "type": f"odoo_{self.kind}",
            "metaData": {
                "groupBy": list(self.group_by),
                "measure": self.measure,
                "order": None,
                "resModel": self.source.model,
                "mode": self.kind if self.kind in ("bar", "line", "pie") else "bar",
            },
            "searchParams": {
                "comparison": None,
                "context": {},
                "domain": list(self.domain),
                "groupBy": list(self.group_by),
                "orderBy": [],
            },
            "dataSets": [{}],
            "verticalAxisPosition": "left",
            "fieldMatching": self.source.match(page.board.filters, always=self.always),
        }

    def show_sample(self, page):
        page.keep("", translated(self.title))
        first = page.data_row
        for label, value in self.sample.items():
            # Months are no words.
            page.keep(label if label[:1].isdigit() else translated(label), value)
        span = f"{first + 1}:{{0}}{page.data_row}"
        return {
            "type": self.kind,
            "dataSets": [{"dataRange": "Data!B" + span.format("B")}],
            "labelRange": "Data!A" + span.format("A"),
            "dataSetsHaveTitle": False,
            "verticalAxisPosition": "left",
        }


@dataclass(frozen=True)
class Table:
    """The groups of a model with some measures. ``measures``: (field, format)."""

    title: str
    source: Source
    by: str
    head: str
    measures: tuple
    sample: tuple
    menu: str = ""
    domain: tuple = ()
    always: bool = False
    order: str = ""
    limit: int = 10

    def draw(self, page, column, width, _pixels):
        page.title(column, self.title, self.menu, width)
        head = page.row + 1
        page.put(column, head, translated(self.head), "head")
        for line in range(1, self.limit + 1):
            page.put(column, head + line, "")
        for place, (_field, label, format_) in enumerate(self.measures, start=1):
            page.put(column + place, head, translated(label), "head_right")
            for line in range(1, self.limit + 1):
                page.put(column + place, head + line, "", "cell", format_)
        if page.is_sample:
            self.show_sample(page, column, head)
        else:
            names = [item[0] for item in self.measures]
            pivot = page.add_pivot(
                self.title,
                self.source,
                names,
                rows=[self.by],
                domain=self.domain,
                always=self.always,
                order=self.order or None,
            )
            page.put(
                column,
                head + 1,
                f"=PIVOT({pivot},{self.limit},FALSE,FALSE,{len(names)},FALSE)",
            )
        return self.limit + 3

    def show_sample(self, page, column, head):
        for line, (label, *values) in enumerate(self.sample, start=1):
            page.put(column, head + line, translated(label))
            for place, value in enumerate(values, start=1):
                format_ = self.measures[place - 1][2]
                page.put(column + place, head + line, str(value), "cell", format_)


@dataclass(frozen=True)
class Listing:
    """Records of a model. ``columns``: (field, heading, format or nothing)."""

    title: str
    source: Source
    columns: tuple
    sample: tuple
    menu: str = ""
    domain: tuple = ()
    order: tuple = ()
    limit: int = 10
    style: str = "cell"
    row_size: int = ROW

    def draw(self, page, column, width, _pixels):
        page.title(column, self.title, self.menu, width)
        head = page.row + 1
        for place, (_field, label, format_) in enumerate(self.columns):
            style = "head_right" if format_ else "head"
            page.put(column + place, head, translated(label), style)
        if not page.is_sample:
            names = [item[0] for item in self.columns]
            key = page.add_list(
                self.title, self.source, names, self.domain, self.order
            )  # fmt: skip
        for line in range(1, self.limit + 1):
            page.rows[str(head + line)] = {"size": self.row_size}
            for place, (name, _label, format_) in enumerate(self.columns):
                if not page.is_sample:
                    content = f'=ODOO.LIST({key},{line},"{name}")'
                elif line <= len(self.sample):
                    content = str(self.sample[line - 1][place])
                    if name.endswith(("stage_id", "user_id")):
                        content = translated(content)
                else:
                    content = ""
                page.put(column + place, head + line, content, self.style, format_)
        return self.limit + 3


@dataclass(frozen=True)
class Stack:
    """Blocks below each other in one half."""

    blocks: tuple

    def draw(self, page, column, width, pixels):
        top = page.row
        for block in self.blocks:
            page.row += block.draw(page, column, width, pixels)
        height, page.row = page.row - top, top
        return height


@dataclass(frozen=True)
class Pair:
    """Two blocks side by side, or one over the whole width."""

    left: object
    right: object = None

    def draw(self, page):
        halves = page.board.halves
        if self.right is None:
            page.row += self.left.draw(
                page, 0, page.board.column_count, page.board.width
            )
            return
        left, right = halves
        rows = [
            self.left.draw(page, 0, len(left), sum(left)),
            self.right.draw(page, len(left) + 1, len(right), sum(right)),
        ]
        page.row += max(rows)


@dataclass(frozen=True)
class Moment:
    """When the figures were fetched, for a board that refreshes itself."""

    def draw(self, page):
        # A figure of the data of the moment: NOW() is evaluated with each refresh.
        page.put(
            0, page.row, '=_t("Figures of") & " " & TEXT(NOW(),"hh:mm")', "note"
        )  # fmt: skip
        page.row += 1


@dataclass(frozen=True)
class Board:
    """A dashboard: where its files are, its filters and its blocks from the top."""

    path: str
    filters: tuple
    blocks: tuple
    halves: tuple = (HALF, HALF)
    card: int = CARD

    @property
    def widths(self):
        left, right = self.halves
        return (*left, GAP, *right)

    @property
    def width(self):
        return sum(self.widths)

    @property
    def column_count(self):
        return len(self.widths)

    def share(self, page, figure, rows, offset):
        """Return the pivot that answers a figure: those alike share one question."""
        known = page.__dict__.setdefault("known", {})
        key = (
            figure.source.model,
            str(figure.domain),
            str(rows),
            offset,
            figure.always,
        )
        if key not in known:
            known[key] = page.add_pivot(
                f"{figure.title}{' before' if offset else ''}",
                figure.source,
                [],
                rows=rows,
                domain=figure.domain,
                offset=offset,
                always=figure.always,
            )
        measures = page.pivots[known[key]]["measures"]
        if all(item["id"] != figure.measure for item in measures):
            measures.append({"id": figure.measure, "fieldName": figure.measure})
        return known[key]

    def render(self, *, sample=False):
        page = Page(self, is_sample=sample)
        for block in self.blocks:
            block.draw(page)
        return {
            "version": VERSION,
            "sheets": [self._render_sheet(page), self._render_data(page)],
            "styles": {number(STYLES, name): style for name, style in STYLES.items()},
            "formats": {number(FORMATS, name): code for name, code in FORMATS.items()},
            "borders": {
                number(BORDERS, name): lines for name, lines in BORDERS.items()
            },
            "revisionId": "START_REVISION",
            "uniqueFigureIds": True,
            "settings": {
                "locale": {
                    "name": "English (US)",
                    "code": "en_US",
                    "thousandsSeparator": ",",
                    "decimalSeparator": ".",
                    "dateFormat": "yyyy-mm-dd",
                    "timeFormat": "hh:mm:ss",
                    "formulaArgSeparator": ",",
                    "weekStart": 1,
                }
            },
            "pivots": page.pivots,
            "pivotNextId": len(page.pivots) + 1,
            "customTableStyles": {},
            "globalFilters": [] if sample else [item.render() for item in self.filters],
            "lists": page.lists,
            "listNextId": len(page.lists) + 1,
            "chartOdooMenusReferences": {} if sample else page.menus,
        }

    def _render_sheet(self, page):
        return self._get_sheet("dashboard", "Dashboard") | {
            "colNumber": self.column_count,
            "rowNumber": page.row + 1,
            "rows": page.rows,
            "cols": {
                str(place): {"size": width} for place, width in enumerate(self.widths)
            },
            "cells": page.cells,
            "styles": page.styles,
            "formats": page.formats,
            "borders": page.borders,
            "figures": page.figures,
        }

    def _render_data(self, page):
        return self._get_sheet("data", "Data") | {
            "colNumber": 26,
            "rowNumber": max(page.data_row + 1, 20),
            "cells": page.data,
            "formats": page.data_formats,
        }

    def _get_sheet(self, key, name):
        return {
            "id": key,
            "name": name,
            "colNumber": 1,
            "rowNumber": 1,
            "rows": {},
            "cols": {},
            "merges": [],
            "cells": {},
            "styles": {},
            "formats": {},
            "borders": {},
            "conditionalFormats": [],
            "dataValidationRules": [],
            "figures": [],
            "tables": [],
            "areGridLinesVisible": True,
            "isVisible": True,
            "headerGroups": {"ROW": [], "COL": []},
            "comments": {},
        }

    def get_files(self):
        """Return ``{path: text}`` of the two files of the board."""
        return {
            self.path.format(kind): json.dumps(
                self.render(sample=bool(kind)), ensure_ascii=False, indent=1
            )
            + "\n"
            for kind in ("", "sample_")
        }
