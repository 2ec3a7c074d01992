/**
 * Moves between stages as bands, and as a table with the same numbers. Each band opens
 * its customers.
 */
import { Component, onMounted, onWillUnmount, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { formatInteger, formatPercentage } from "@web/views/fields/formatters";
import { downloadPng, downloadXlsx } from "../report_export";
import { BAR, layOut, OPEN, OUT } from "./flow_layout";

const HEIGHT = 460;
const WIDEST = 1800;
export const COLORS = {
    prospect: "#6c757d",
    engaged: "#17a2b8",
    customer: "#714b67",
    loyal: "#28a745",
    at_risk: "#e99d00",
    lost: "#dc3545",
    ended: "#343a40",
};
const OTHER = "#adb5bd";

export class FlowRenderer extends Component {
    static template = "crm_lifecycle_reports.FlowRenderer";
    static props = { model: Object, title: String };

    setup() {
        this.action = useService("action");
        this.root = useRef("root");
        this.drawing = useRef("drawing");
        this.bar = BAR;
        this.height = HEIGHT;
        this.state = useState({ width: 800, shown: null, tabbed: 0 });
        const fit = () => {
            const room = this.root.el.clientWidth - 32;
            this.state.width = Math.max(260, Math.min(room, WIDEST));
        };
        const observer = new ResizeObserver(fit);
        onMounted(() => {
            fit();
            observer.observe(this.root.el);
        });
        onWillUnmount(() => observer.disconnect());
    }

    get data() {
        return this.props.model.data;
    }

    get layout() {
        return layOut(this.data, { width: this.state.width, height: HEIGHT });
    }

    get title() {
        return this.props.title;
    }

    /** Entered stages, as columns of the table. */
    get targets() {
        return this.layout.rights;
    }

    get tabbed() {
        return Math.min(this.state.tabbed, this.layout.bands.length - 1);
    }

    getName(bar) {
        if (bar.stage) {
            return bar.stage.name;
        }
        return bar.key === OPEN ? _t("Still there") : _t("Left the lifecycle");
    }

    getColor(stage) {
        return COLORS[stage?.category] || OTHER;
    }

    getTargetName(band) {
        return this.getName({
            stage: band.target,
            key: band.is_open ? OPEN : null,
        });
    }

    getBandLabel(band) {
        return _t("%(from)s → %(to)s: %(count)s, %(share)s of its visits", {
            from: band.source.name,
            to: this.getTargetName(band),
            count: formatInteger(band.count),
            share: this.formatShare(band.share),
        });
    }

    getCell(left, right) {
        return this.layout.bands.find(
            (band) =>
                `s${band.from}` === left.key &&
                (band.to ? `s${band.to}` : band.is_open ? OPEN : OUT) === right.key
        );
    }

    formatCount(count) {
        return formatInteger(count);
    }

    formatShare(share) {
        return formatPercentage(share, { digits: [false, 0] });
    }

    isDim(index) {
        return this.state.shown !== null && this.state.shown !== index;
    }

    onFocus(index) {
        this.state.shown = index;
        this.state.tabbed = index;
    }

    onKeydown(ev, band) {
        const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
        const count = this.layout.bands.length;
        if (ev.key === "Enter" || ev.key === " ") {
            ev.preventDefault();
            this.open(band);
        } else if (ev.key in steps) {
            ev.preventDefault();
            const next = (this.tabbed + steps[ev.key] + count) % count;
            this.drawing.el.querySelector(`[data-band='${next}']`).focus();
        }
    }

    async open(band) {
        const next = band.to || false;
        this.action.doAction(await this.props.model.getFlowAction(band.from, next));
    }

    async openStage(bar) {
        this.action.doAction(await this.props.model.getFlowAction(bar.stage.id, null));
    }

    onDownloadXlsx() {
        const { lefts } = this.layout;
        return downloadXlsx({
            title: this.title,
            resModel: this.props.model.resModel,
            columns: this.targets.map((bar) => this.getName(bar)),
            rows: lefts.map((left) => ({
                title: this.getName(left),
                values: this.targets.map((right) => this.getCell(left, right)?.count),
            })),
        });
    }

    onDownloadPng() {
        const svg = this.drawing.el.cloneNode(true);
        svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
        svg.setAttribute("font-family", "sans-serif");
        svg.setAttribute("font-size", "12");
        return downloadPng(this.title, {
            svg: new XMLSerializer().serializeToString(svg),
            width: this.state.width,
            height: HEIGHT,
        });
    }
}
