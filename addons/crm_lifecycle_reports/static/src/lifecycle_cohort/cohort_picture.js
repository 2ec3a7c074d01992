/** Colors of a table of cohorts, and the table as an image. */
import { escapeXml } from "../report_export";

// Odoo's own teal: a single hue also works for color-blind users.
const HUE = "1, 126, 132";
const STRONGEST = 1;
// White text is easier to read from this intensity on.
const DARK = 0.85;

const BLACK = "#212529";
const WHITE = "#ffffff";

const ROW = 26;
const CELL = 64;
const NAME = 120;

/** Return the share with the strongest color: the highest after the start. */
export function getScale(cohorts) {
    const later = cohorts.flatMap((cohort) => cohort.cells.slice(1));
    return Math.max(0.01, ...later.map((cell) => Math.min(cell.share || 0, 1)));
}

/** Return the background and text color of a cell. */
export function getColors(share, scale) {
    const strength = Math.max(0, Math.min((share || 0) / scale, 1)) * STRONGEST;
    return {
        background: `rgba(${HUE}, ${strength.toFixed(3)})`,
        color: strength > DARK ? WHITE : BLACK,
    };
}

/** Return an SVG element as text. `content` is not escaped. */
function draw(tag, attributes, content = "") {
    // Joined one by one: the bundler drops spaces within nested templates.
    const pairs = Object.entries(attributes).map(
        ([name, value]) => name + '="' + escapeXml(value) + '"'
    );
    return `<${[tag, ...pairs].join(" ")}>${content}</${tag}>`;
}

/**
 * @param {{title: string, columns: string[], rows: {title: string, size: string,
 *     cells: {text: string, share: number}[]}[], scale: number}} table
 * @returns {{svg: string, width: number, height: number}}
 */
export function drawCohorts({ title, columns, rows, scale }) {
    const width = NAME + CELL * columns.length + 16;
    const height = ROW * (rows.length + 2) + 16;
    const text = (x, y, content, { anchor = "middle", ...more } = {}) =>
        draw(
            "text",
            { x, y, "text-anchor": anchor, fill: BLACK, ...more },
            escapeXml(content)
        );
    const column = (index) => NAME + CELL * index + CELL / 2;
    const parts = [text(8, 22, title, { anchor: "start", "font-weight": "bold" })];
    columns.forEach((name, index) => {
        parts.push(text(column(index), ROW + 22, name, { "font-weight": "bold" }));
    });
    rows.forEach((row, place) => {
        const y = ROW * (place + 2);
        parts.push(text(8, y + 22, row.title, { anchor: "start" }));
        parts.push(text(column(0), y + 22, row.size));
        row.cells.forEach((cell, index) => {
            const { background, color } = getColors(cell.share, scale);
            const x = NAME + CELL * (index + 1);
            const box = { x: x + 1, y: y + 5, width: CELL - 2, height: ROW - 2 };
            parts.push(draw("rect", { ...box, fill: background }));
            parts.push(text(column(index + 1), y + 22, cell.text, { fill: color }));
        });
    });
    const font = { "font-family": "sans-serif", "font-size": 12 };
    const xmlns = "http://www.w3.org/2000/svg";
    const svg = draw("svg", { xmlns, width, height, ...font }, parts.join(""));
    return { svg, width, height };
}

/** Return the points of a curve of shares within a box. */
export function drawCurve(shares, width, height) {
    const known = shares.filter((share) => share !== null);
    const step = width / Math.max(known.length - 1, 1);
    const top = Math.max(1, ...known);
    return known
        .map((share, index) => {
            const x = (index * step).toFixed(1);
            const y = (height - (Math.max(share, 0) / top) * height).toFixed(1);
            return `${x},${y}`;
        })
        .join(" ");
}
