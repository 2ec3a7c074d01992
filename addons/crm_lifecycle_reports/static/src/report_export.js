/** Export of a report as a spreadsheet or an image. */
import { _t } from "@web/core/l10n/translation";
import { download, downloadFile } from "@web/core/network/download";

// Draw images larger than on screen, for printing.
const SCALE = 2;

/**
 * Download a table with the exporter of Odoo's pivot view.
 *
 * @param {{title: string, resModel: string, columns: string[],
 *     rows: {title: string, values: (number|string)[]}[]}} table
 */
export function downloadXlsx({ title, resModel, columns, rows }) {
    const data = {
        // Sheet names have at most 31 characters, without some special ones.
        title: title.replace(/[\[\]:*?\/\\]/g, " ").slice(0, 31),
        model: resModel,
        measure_count: 1,
        col_group_headers: [
            columns.map((column) => ({ title: column, width: 1, height: 1 })),
        ],
        measure_headers: [],
        rows: rows.map((row) => ({
            title: row.title,
            indent: 0,
            values: row.values.map((value) => ({ value: value ?? "" })),
        })),
    };
    return download({
        url: "/web/pivot/export_xlsx",
        data: { data: new Blob([JSON.stringify(data)], { type: "application/json" }) },
    });
}

/** Return an SVG text of some size as a PNG Blob. */
export async function toPng(svg, width, height) {
    const image = new Image();
    const loaded = new Promise((resolve, reject) => {
        image.onload = resolve;
        image.onerror = () => reject(new Error(_t("The picture can't be drawn.")));
    });
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
    await loaded;
    const canvas = document.createElement("canvas");
    canvas.width = width * SCALE;
    canvas.height = height * SCALE;
    const context = canvas.getContext("2d");
    context.fillStyle = "white";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

export async function downloadPng(title, { svg, width, height }) {
    await downloadFile(await toPng(svg, width, height), `${title}.png`, "image/png");
}

/** Escape a text for SVG. */
export function escapeXml(text) {
    const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
    return String(text).replace(/[&<>"]/g, (char) => entities[char]);
}

/**
 * Move between cells with the arrow keys; Tab reaches only one of them. Cells have
 * ``data-row`` and ``data-column``.
 */
export function walkCells(ev, root) {
    const steps = {
        ArrowRight: [0, 1],
        ArrowLeft: [0, -1],
        ArrowDown: [1, 0],
        ArrowUp: [-1, 0],
    };
    const cell = ev.target.closest("[data-row]");
    if (!cell || !(ev.key in steps)) {
        return;
    }
    ev.preventDefault();
    ev.stopPropagation();
    const [down, right] = steps[ev.key];
    const row = Number(cell.dataset.row) + down;
    const column = Number(cell.dataset.column) + right;
    root.querySelector(`[data-row='${row}'][data-column='${column}']`)?.focus();
}
