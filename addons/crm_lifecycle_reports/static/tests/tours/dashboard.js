/** What the dashboards tell, read from the sheets that are drawn. */
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const TRIES = 60;

const getServices = () => odoo.__WOWL_DEBUG__.root.env.services;
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

/** Wait until the data behind the figures, or a table, has the expected rows. */
async function expectRows(sheet, expected) {
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

// The scripts of spreadsheets are built when the first one is opened.
const opened = {
    content: "The dashboard is drawn",
    trigger: ".o_spreadsheet_dashboard_action .o-figure canvas",
    timeout: 60000,
};

tours.add("crm_lifecycle_reports_overview", {
    steps: () => [
        opened,
        {
            content: "Figures are those of the models",
            trigger: ".o_spreadsheet_dashboard_action",
            timeout: 30000,
            async run() {
                await expectRows("Data", [
                    ["Customers", 3],
                    ["At risk now", 1],
                    ["New", 4],
                    ["Reactivated", 1],
                    ["Churned", 2],
                ]);
            },
        },
        {
            content: "So are the tables",
            trigger: ".o_spreadsheet_dashboard_action",
            timeout: 30000,
            async run() {
                await expectRows("Dashboard", [
                    ["Prospect", 1, 1, 0],
                    ["Customer", 5, 0, 0.4],
                ]);
            },
        },
        {
            content: "The period can be chosen",
            trigger: ".o_control_panel button:contains('Last 90 Days')",
        },
    ],
});

tours.add("crm_lifecycle_reports_overview_own", {
    steps: () => [
        opened,
        {
            content: "The colleague's customer is in no figure",
            trigger: ".o_spreadsheet_dashboard_action",
            timeout: 30000,
            async run() {
                await expectRows("Data", [
                    ["Customers", 2],
                    ["New", 3],
                ]);
            },
        },
    ],
});

tours.add("crm_lifecycle_reports_wall", {
    steps: () => [
        opened,
        {
            content: "Who is at risk is told, and listed",
            trigger: ".o_spreadsheet_dashboard_action",
            timeout: 30000,
            async run() {
                await expectRows("Data", [
                    ["At risk now", 1],
                    ["New in 7 days", 1],
                    ["Nothing planned", 1],
                    ["Lost in 30 days", 2],
                    ["Won back in 30 days", 1],
                ]);
                await expectRows("Dashboard", [["Bob"]]);
            },
        },
        {
            content: "The sheet has the screen for itself",
            trigger: ".o_search_panel_sidebar.cursor-pointer",
        },
        {
            content: "One more comes to be at risk, and nobody touches the screen",
            trigger: ".o_spreadsheet_dashboard_action",
            timeout: 30000,
            async run() {
                const { orm } = getServices();
                const [risk] = await orm.search("crm.lifecycle.stage", [
                    ["name", "=", "Risk"],
                    ["lifecycle_id.name", "=", "Test lifecycle"],
                ]);
                const [ada] = await orm.search("crm.lifecycle.profile", [
                    ["partner_id.name", "=", "Ada"],
                ]);
                await orm.write("crm.lifecycle.profile", [ada], { stage_id: risk });
                await expectRows("Data", [["At risk now", 2]]);
                await expectRows("Dashboard", [["Ada"]]);
            },
        },
    ],
});
