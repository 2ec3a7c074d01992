/**
 * Table of cohorts, colored by retention. Each cell opens its customers; arrow keys
 * move between cells.
 */
import { Component, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import {
    formatInteger,
    formatMonetary,
    formatPercentage,
} from "@web/views/fields/formatters";
import { downloadPng, downloadXlsx, walkCells } from "../report_export";
import { drawCohorts, drawCurve, getColors, getScale } from "./cohort_picture";

const CURVE = { width: 600, height: 120 };

export class CohortRenderer extends Component {
    static template = "crm_lifecycle_reports.CohortRenderer";
    static props = { model: Object, title: String };

    setup() {
        this.action = useService("action");
        this.root = useRef("table");
        this.curve = CURVE;
        this.state = useState({ row: 0, column: 0 });
        this.intervals = [
            ["month", _t("Month")],
            ["quarter", _t("Quarter")],
            ["year", _t("Year")],
        ];
    }

    get table() {
        return this.props.model.table;
    }

    get isShare() {
        return this.props.model.options.display !== "value";
    }

    get columns() {
        const count = Math.max(...this.table.cohorts.map(({ cells }) => cells.length));
        return [...Array(count).keys()];
    }

    get scale() {
        return getScale(this.table.cohorts);
    }

    get measureLabel() {
        return Object.fromEntries(this.table.measures)[this.table.measure];
    }

    get anchorLabel() {
        return Object.fromEntries(this.table.anchors)[this.table.anchor];
    }

    get title() {
        return _t("%(title)s: %(measure)s by %(anchor)s", {
            title: this.props.title,
            measure: this.measureLabel,
            anchor: this.anchorLabel,
        });
    }

    get points() {
        return drawCurve(this.table.average, CURVE.width, CURVE.height);
    }

    formatShare(share) {
        return share === null ? "" : formatPercentage(share, { digits: [false, 0] });
    }

    formatValue(value) {
        if (this.table.currency_id) {
            return formatMonetary(value, { currencyId: this.table.currency_id });
        }
        return formatInteger(value);
    }

    formatSize(size) {
        return formatInteger(size);
    }

    /** Short format of an amount for narrow cells, without decimals and currency. */
    formatCell(cell) {
        if (this.isShare) {
            return this.formatShare(cell.share);
        }
        return formatInteger(Math.round(cell.value));
    }

    getStyle(cell) {
        const { background, color } = getColors(cell.share, this.scale);
        return `background-color: ${background}; color: ${color}`;
    }

    getCellLabel(cohort, cell, index) {
        return _t(
            "%(cohort)s, %(interval)s %(index)s: %(measure)s %(value)s, %(share)s",
            {
                cohort: cohort.label,
                interval: Object.fromEntries(this.intervals)[this.table.interval],
                index,
                measure: this.measureLabel,
                value: this.formatValue(cell.value),
                share: this.formatShare(cell.share),
            }
        );
    }

    getTabindex(row, column) {
        return row === this.state.row && column === this.state.column ? "0" : "-1";
    }

    onFocus(row, column) {
        Object.assign(this.state, { row, column });
    }

    onKeydown(ev) {
        walkCells(ev, this.root.el);
    }

    onChoose(name, ev) {
        const { value } = ev.target;
        this.props.model.choose({ [name]: name === "stage_id" ? Number(value) : value });
    }

    async open(cohort, index = null) {
        const action = await this.props.model.getCellAction(cohort.start, index);
        this.action.doAction(action);
    }

    onDownloadXlsx() {
        return downloadXlsx({
            title: this.measureLabel,
            resModel: this.props.model.resModel,
            columns: [_t("Customers"), ...this.columns.map(String)],
            rows: this.table.cohorts.map((cohort) => ({
                title: cohort.label,
                values: [
                    cohort.size,
                    ...cohort.cells.map((cell) =>
                        this.isShare ? cell.share : cell.value
                    ),
                ],
            })),
        });
    }

    onDownloadPng() {
        return downloadPng(
            this.title,
            drawCohorts({
                title: this.title,
                columns: [_t("Customers"), ...this.columns.map(String)],
                scale: this.scale,
                rows: this.table.cohorts.map((cohort) => ({
                    title: cohort.label,
                    size: formatInteger(cohort.size),
                    cells: cohort.cells.map((cell) => ({
                        text: this.formatCell(cell),
                        share: cell.share,
                    })),
                })),
            })
        );
    }
}
