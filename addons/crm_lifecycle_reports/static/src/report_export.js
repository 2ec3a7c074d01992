/** What a report gives away: a table for spreadsheets and a picture. */
import { _t } from "@web/core/l10n/translation";
import { download, downloadFile } from "@web/core/network/download";

// Pictures are drawn larger than the screen shows them, so that they print well.
const SCALE = 2;

/**
 * Download a table by the writer of Odoo's own pivot tables.
 *
 * @param {{title: string, resModel: string, columns: string[],
 *     rows: {title: string, values: (number|string)[]}[]}} table
 */
export function downloadXlsx({ title, resModel, columns, rows }) {
    const data = {
        // A sheet's name has at most 31 characters, and not all of them.
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

/** Return a PNG, as a Blob, of an SVG text of some size. */
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

/** Return a text that may stand within an SVG. */
export function escapeXml(text) {
    const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
    return String(text).replace(/[&<>"]/g, (char) => entities[char]);
}

/**
 * Let the arrow keys walk over cells, in rows and columns, where only one of them is
 * reached by Tab. Cells have ``data-row`` and ``data-column``.
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
