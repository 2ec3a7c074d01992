/** Helpers of dashboard tours, which read figures from the rendered sheets. */

const TRIES = 60;

export const getServices = () => odoo.__WOWL_DEBUG__.root.env.services;
const getModel = () =>
    getServices().spreadsheet_dashboard_loader?.getActiveDashboard()?.model;
const pause = () => new Promise((resolve) => setTimeout(resolve, 250));

function readSheet(model, name) {
    const { getters } = model;
    const sheetId = getters.getSheetIdByName(name);
    const rows = [];
    for (let row = 0; row < getters.getNumberRows(sheetId); row++) {
        const cells = [];
        for (let col = 0; col < Math.min(getters.getNumberCols(sheetId), 10); col++) {
            cells.push(getters.getEvaluatedCell({ sheetId, col, row }).value);
        }
        rows.push(cells);
    }
    return rows;
}

/** Wait until the data of the figures, or of a table, has the expected rows. */
export async function expectRows(sheet, expected) {
    let rows = [];
    for (let number = 0; number < TRIES; number++) {
        const model = getModel();
        rows = model ? readSheet(model, sheet) : [];
        const isThere = ([label, ...values]) =>
            rows.some((cells) => {
                const start = cells.indexOf(label);
                return (
                    start >= 0 &&
                    values.every((value, place) => cells[start + 1 + place] === value)
                );
            });
        if (rows.length && expected.every(isThere)) {
            return;
        }
        await pause();
    }
    const known = rows.filter((cells) => cells.some((cell) => cell !== null && cell !== ""));
    throw new Error(
        `${JSON.stringify(expected)} is not in ${sheet}: ${JSON.stringify(known)}`
    );
}

/** Wait for the spreadsheet assets, which are built when a dashboard first opens. */
export const opened = {
    content: "The dashboard is drawn",
    trigger: ".o_spreadsheet_dashboard_action .o-figure canvas",
    timeout: 60000,
};

/** `sheets`: the expected rows by name of the sheet. */
export const figures = (content, sheets) => ({
    content,
    trigger: ".o_spreadsheet_dashboard_action",
    timeout: 60000,
    async run() {
        for (const [sheet, rows] of Object.entries(sheets)) {
            await expectRows(sheet, rows);
        }
    },
});

/** Choose another period in the control panel. `period`: an option name of Odoo. */
export const choosePeriod = (period) => [
    {
        content: "Open the periods",
        trigger: ".o_control_panel .o-btn-date-filter",
        run: "click",
    },
    {
        content: "Choose another one",
        trigger: `.o-date-filter-dropdown[data-id='${period}']`,
        run: "click",
    },
];
