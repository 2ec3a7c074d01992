/** The Loyalty dashboard shows the figures of the ledger of its test. */
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");
const TRIES = 60;

const getModel = () =>
    odoo.__WOWL_DEBUG__.root.env.services.spreadsheet_dashboard_loader?.getActiveDashboard()
        ?.model;
const pause = () => new Promise((resolve) => setTimeout(resolve, 250));

/** Return the rows of a sheet as texts: values separated by `|`. */
function readSheet(name) {
    const getters = getModel()?.getters;
    if (!getters) {
        return [];
    }
    const sheetId = getters.getSheetIdByName(name);
    const columns = [...Array(Math.min(getters.getNumberCols(sheetId), 10)).keys()];
    return [...Array(getters.getNumberRows(sheetId)).keys()].map((row) =>
        columns.map((col) => getters.getEvaluatedCell({ sheetId, col, row }).value).join("|")
    );
}

/** Wait until each text, such as `Points|10`, appears in a row of its sheet. */
const figures = (content, sheets) => ({
    content,
    trigger: ".o_spreadsheet_dashboard_action",
    timeout: 60000,
    async run() {
        for (const [name, texts] of Object.entries(sheets)) {
            const isThere = (text) =>
                readSheet(name).some((row) => `|${row}|`.includes(`|${text}|`));
            for (let number = 0; number < TRIES && !texts.every(isThere); number++) {
                await pause();
            }
            if (!texts.every(isThere)) {
                throw new Error(`${texts} is not in ${name}: ${readSheet(name).join("\n")}`);
            }
        }
    },
});

tours.add("crm_loyalty_dashboard_figures", {
    steps: () => [
        {
            content: "The dashboard is drawn",
            trigger: ".o_spreadsheet_dashboard_action .o-figure canvas",
            timeout: 60000,
        },
        figures("Figures, tables and lists are those of the ledger", {
            Data: [
                "Points issued|100|200",
                "Points spent|30|0",
                "Points expired|10|0",
                "Outstanding points|260",
                "Points liability|130",
            ],
            Dashboard: ["Club|100|30|10", "Gold|230|115", "Club|2", "Ada|Gold|230"],
        }),
        {
            content: "Open the periods",
            trigger: ".o_control_panel .o-btn-date-filter",
            run: "click",
        },
        {
            content: "Choose another one",
            trigger: ".o-date-filter-dropdown[data-id='last_30_days']",
            run: "click",
        },
        figures("All but what is told of now follow the period", {
            Data: [
                "Points issued|40|60",
                "Points spent|30|0",
                "Outstanding points|260",
            ],
            Dashboard: ["Club|40|30|10", "Gold|230|115"],
        }),
    ],
});
