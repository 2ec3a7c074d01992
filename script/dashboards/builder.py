"""Builder of dashboards for Odoo's Dashboards app: spreadsheets in JSON.

A dashboard is a list of blocks from top to bottom: strips of figures, charts, tables
and lists, each with sample data, see `lifecycle.py`. `Dashboard.render` returns the
spreadsheet that queries the models, and `Dashboard.render(sample=True)` the grayed-out
sample that Odoo shows if there is no data. Each block is a class that draws itself on a
`Page`.

Visible texts are titles, or use `_t(…)` of the spreadsheet, so that Odoo exports them
for translation. Headings of fields are the labels of the fields.
"""

import json
import re
from dataclasses import dataclass, field

VERSION = "18.5.10"
# Column widths of a half, in pixels: a name and three numbers. A gap separates halves.
HALF = (220, 95, 95, 95)
GAP = 40
ROW = 23
TITLE_ROW = 40
CARD = 100
CHART_ROWS = 13
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

TEXT_COLOR, ACCENT = "#434343", "#01666b"
STYLES = {
    "title": {"textColor": ACCENT, "bold": True, "fontSize": 16},
    "head": {"textColor": TEXT_COLOR, "bold": True, "fontSize": 11},
    "head_right": {
        "textColor": TEXT_COLOR,
        "bold": True,
        "fontSize": 11,
        "align": "right",
    },
    "cell": {"textColor": TEXT_COLOR, "verticalAlign": "middle"},
    "wall": {"textColor": TEXT_COLOR, "verticalAlign": "middle", "fontSize": 12},
    "note": {"textColor": TEXT_COLOR, "italic": True},
}
FORMATS = {"count": "#,##0", "share": "0%", "number": "#,##0.0", "date": "yyyy-mm-dd"}
BORDERS = {"under": {"bottom": {"style": "thin", "color": "#CCCCCC"}}}
NEUTRAL_COLOR, WARNING_COLOR = "#EFF6FF", "#FFF7ED"


def number(mapping, name):
    """Return the number of a style or format, as text."""
    return str(list(mapping).index(name) + 1)


def slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def translated(text):
    return f'=_t("{text}")'


@dataclass(frozen=True)
class Filter:
    """A global filter; ``model`` is empty for the period."""

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
    """A model with the fields to which the filters apply."""

    model: str
    chains: dict
    period: str = ""
    period_type: str = "date"

    def match(self, filters, *, offset=0, always=False):
        """Return the field matching; ``always`` ignores the period."""
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
    """A sheet that is filled from the top, and the sheet with its data."""

    def __init__(self, dashboard, *, is_sample):
        self.dashboard = dashboard
        self.is_sample = is_sample
        self.row = 0
        self.cells, self.styles, self.formats = {}, {}, {}
        self.borders, self.rows, self.figures = {}, {}, []
        self.data, self.data_formats, self.data_row = {}, {}, 0
        self.pivots, self.lists, self.menus = {}, {}, {}

    # Cells

    def set_cell(self, column, row, content, style="cell", format_=None):
        """Fill a cell; rows start at 0, as in the file."""
        name = f"{LETTERS[column]}{row + 1}"
        if content != "":
            self.cells[name] = content
        self.styles[name] = int(number(STYLES, style))
        if format_:
            self.formats[name] = int(number(FORMATS, format_))

    def title(self, column, text, menu, width):
        """Add the title of a block, with a link to a menu."""
        content = (
            f"[{text}](odoo://ir_menu_xml_id/{menu})" if menu else translated(text)
        )
        self.set_cell(column, self.row, content, "title")
        self.rows[str(self.row)] = {"size": TITLE_ROW}
        last = LETTERS[column + width - 1]
        self.borders[f"{LETTERS[column]}{self.row + 1}:{last}{self.row + 1}"] = 1

    def add_data_row(self, *values):
        """Add a line to the data sheet, and return its number, which starts at 1."""
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

    # Pivots and lists

    def add_pivot(
        self, name, source, measures, *, rows=(), domain=(), offset=0, always=False,
        order=None,
    ):  # fmt: skip
        """Add a pivot, and return its number."""
        key = str(len(self.pivots) + 1)
        pivot = {
            "type": "ODOO",
            "fieldMatching": source.match(
                self.dashboard.filters, offset=offset, always=always
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
        """Add a list, and return its number; `-` before ``order`` sorts descending."""
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
            "fieldMatching": source.match(self.dashboard.filters),
        }
        return key


@dataclass(frozen=True)
class Figure:
    """A figure of a strip, optionally compared with the previous period."""

    title: str
    source: Source
    measure: str
    sample: tuple
    menu: str = ""
    domain: tuple = ()
    group_field: str = ""
    values: tuple = ()
    compared: bool = False
    always: bool = False
    is_bad: bool = False
    format_: str = "count"
    color: str = NEUTRAL_COLOR
    # A percentage is meaningless for figures that can be negative: use "difference".
    shows: str = "percentage"

    def get_query(self, page, offset=0):
        """Return the formula of the figure: the total, or the sum of some groups."""
        rows = [self.group_field] if self.group_field else []
        pivot = page.dashboard.get_shared_pivot(page, self, rows, offset)
        if not self.group_field:
            return f'=PIVOT.VALUE({pivot},"{self.measure}")'
        parts = (
            f'PIVOT.VALUE({pivot},"{self.measure}","{self.group_field}","{value}")'
            for value in self.values
        )
        return "=" + "+".join(parts)

    def add_to_data_sheet(self, page):
        """Add the figure to the data sheet, and return its line."""
        if page.is_sample:
            now, before = self.sample
        else:
            now = self.get_query(page)
            before = self.get_query(page, -1) if self.compared else ""
        line = page.data_row + 1
        show = "=FORMAT.LARGE.NUMBER({0}{1})" if self.format_ == "count" else "={0}{1}"
        page.add_data_row(
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
        line = self.add_to_data_sheet(page)
        key = f"figure-{slug(self.title)}"
        data = {
            "type": "scorecard",
            "title": {"text": self.title, "bold": True, "color": TEXT_COLOR},
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
class FigureRow:
    """Figures side by side."""

    figures: tuple

    def draw(self, page):
        dashboard = page.dashboard
        gap = 10
        count = len(self.figures)
        width = (dashboard.width - gap * (count - 1)) // count
        for place, item in enumerate(self.figures):
            item.draw(page, place * (width + gap), width, dashboard.card)
        page.row += -(-(dashboard.card + 16) // ROW)


@dataclass(frozen=True)
class Chart:
    """A chart of a model; ``sample`` is ``{label: value}``."""

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
        data = self.show_sample(page) if page.is_sample else self.get_query(page)
        height = CHART_ROWS * ROW
        page.add_figure(
            key, column, 0, pixels, height, shape | data, row=page.row + 1
        )  # fmt: skip
        if self.menu:
            page.menus[key] = self.menu
        return self.rows + 2

    def get_query(self, page):
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
            "fieldMatching": self.source.match(
                page.dashboard.filters, always=self.always
            ),
        }

    def show_sample(self, page):
        page.add_data_row("", translated(self.title))
        first = page.data_row
        for label, value in self.sample.items():
            # Labels of months are not translated.
            page.add_data_row(
                label if label[:1].isdigit() else translated(label), value
            )
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
    """A table of groups of a model; ``measures`` lists (field, format)."""

    title: str
    source: Source
    group_field: str
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
        page.set_cell(column, head, translated(self.head), "head")
        for line in range(1, self.limit + 1):
            page.set_cell(column, head + line, "")
        for place, (_field, label, format_) in enumerate(self.measures, start=1):
            page.set_cell(column + place, head, translated(label), "head_right")
            for line in range(1, self.limit + 1):
                page.set_cell(column + place, head + line, "", "cell", format_)
        if page.is_sample:
            self.show_sample(page, column, head)
        else:
            names = [item[0] for item in self.measures]
            pivot = page.add_pivot(
                self.title,
                self.source,
                names,
                rows=[self.group_field],
                domain=self.domain,
                always=self.always,
                order=self.order or None,
            )
            page.set_cell(
                column,
                head + 1,
                f"=PIVOT({pivot},{self.limit},FALSE,FALSE,{len(names)},FALSE)",
            )
        return self.limit + 3

    def show_sample(self, page, column, head):
        for line, (label, *values) in enumerate(self.sample, start=1):
            page.set_cell(column, head + line, translated(label))
            for place, value in enumerate(values, start=1):
                format_ = self.measures[place - 1][2]
                page.set_cell(column + place, head + line, str(value), "cell", format_)


@dataclass(frozen=True)
class RecordList:
    """A list of records; ``columns`` lists (field, heading, optional format)."""

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
            page.set_cell(column + place, head, translated(label), style)
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
                page.set_cell(column + place, head + line, content, self.style, format_)
        return self.limit + 3


@dataclass(frozen=True)
class Stack:
    """Blocks stacked in one half."""

    blocks: tuple

    def draw(self, page, column, width, pixels):
        top = page.row
        for block in self.blocks:
            page.row += block.draw(page, column, width, pixels)
        height, page.row = page.row - top, top
        return height


@dataclass(frozen=True)
class SideBySide:
    """Two blocks side by side, or one at full width."""

    left: object
    right: object = None

    def draw(self, page):
        halves = page.dashboard.halves
        if self.right is None:
            page.row += self.left.draw(
                page, 0, page.dashboard.column_count, page.dashboard.width
            )
            return
        left, right = halves
        rows = [
            self.left.draw(page, 0, len(left), sum(left)),
            self.right.draw(page, len(left) + 1, len(right), sum(right)),
        ]
        page.row += max(rows)


@dataclass(frozen=True)
class RefreshTime:
    """The time of the figures, for a dashboard that refreshes itself."""

    def draw(self, page):
        # Each refresh evaluates NOW() again.
        page.set_cell(
            0, page.row, '=_t("Figures of") & " " & TEXT(NOW(),"hh:mm")', "note"
        )  # fmt: skip
        page.row += 1


@dataclass(frozen=True)
class Dashboard:
    """A dashboard: the path of its files, its filters, and its blocks from the top."""

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

    def get_shared_pivot(self, page, figure, rows, offset):
        """Return the pivot of a figure; figures with the same query share one."""
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
        """Return ``{path: text}`` of the dashboard and its sample."""
        return {
            self.path.format(kind): json.dumps(
                self.render(sample=bool(kind)), ensure_ascii=False, indent=1
            )
            + "\n"
            for kind in ("", "sample_")
        }
