/** A manager reads cohorts and flows, and opens the customers behind them. */
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

/** Resolve when the server answers a download with a file. */
function expectFile(path) {
    return new Promise((resolve, reject) => {
        const { open } = XMLHttpRequest.prototype;
        XMLHttpRequest.prototype.open = function (method, url, ...rest) {
            if (url.includes(path)) {
                XMLHttpRequest.prototype.open = open;
                this.addEventListener("load", () => {
                    const isFile = this.status === 200 && this.response.size > 0;
                    return isFile ? resolve() : reject(new Error(`No file of ${path}`));
                });
            }
            return open.call(this, method, url, ...rest);
        };
    });
}

/** A step whose click downloads a file from a path. */
export const takeAlong = (content, trigger, path) => ({
    content,
    trigger,
    timeout: 60000,
    async run(helpers) {
        const file = expectFile(path);
        await helpers.click();
        await file;
    },
});

/** Compare each displayed number with the answer of the model. */
const compareCohorts = (model) => ({
    content: "All numbers are those of the model",
    trigger: ".o_lifecycle_cohort_table",
    async run() {
        const { orm } = odoo.__WOWL_DEBUG__.root.env.services;
        const { cohorts } = await orm.call(model, "get_lifecycle_cohorts", [[]]);
        const shown = [...this.anchor.querySelectorAll("tbody tr")].map((row) =>
            [...row.querySelectorAll("button")].map((button) => button.textContent.trim())
        );
        const told = cohorts.map(({ size, cells }) =>
            [size, ...cells.map(({ value }) => value)].map(String)
        );
        if (!told.length || JSON.stringify(shown) !== JSON.stringify(told)) {
            throw new Error(`${JSON.stringify(shown)} is not ${JSON.stringify(told)}`);
        }
    },
});

const cell = (label) => `.o_cohort_cell[aria-label='${label}']`;

tours.add("crm_lifecycle_reports_cohort", {
    steps: () => [
        {
            content: "The table tells who still is a customer a month later",
            trigger: `${cell("Jan 2025, Month 1: Still customers 1, 50%")}:contains('50%')`,
        },
        {
            content: "All cohorts together are the survival curve",
            trigger: ".o_lifecycle_cohort_table tfoot td:eq(1):contains('50%')",
        },
        {
            content: "The arrow keys go from cell to cell",
            trigger: cell("Jan 2025, Month 0: Still customers 2, 100%"),
            run(helpers) {
                this.anchor.focus();
                this.anchor.dispatchEvent(
                    new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true })
                );
                if (!document.activeElement.ariaLabel.startsWith("Jan 2025, Month 1")) {
                    throw new Error("The next cell has not got the focus");
                }
            },
        },
        {
            content: "Show numbers",
            trigger: ".o_cohort_display",
            run: "select value",
        },
        {
            content: "The number is that of the model",
            trigger: `${cell("Jan 2025, Month 1: Still customers 1, 50%")}:contains(/^1$/)`,
        },
        compareCohorts("crm.lifecycle.growth.report"),
        {
            content: "Count by quarter",
            trigger: ".o_cohort_interval",
            run: "select quarter",
        },
        {
            content: "Quarters are counted",
            trigger: cell("Q1 2025, Quarter 1: Still customers 1, 50%"),
        },
        {
            content: "By entry into a stage",
            trigger: ".o_cohort_anchor",
            run: "select stage",
        },
        {
            content: "Which one can be chosen",
            trigger: ".o_cohort_stage",
            run: "selectByLabel Lost",
        },
        {
            content: "Two were lost in the first quarter",
            trigger: ".o_cohort_size button[aria-label='Q1 2025: 2']",
        },
        takeAlong("Take the table along", ".o_report_xlsx", "/web/pivot/export_xlsx"),
        {
            content: "Take the picture along",
            trigger: ".o_report_png",
            run: "click",
        },
        {
            content: "Look at the customers, by the keyboard",
            trigger: ".o_cohort_size button[aria-label='Q1 2025: 2']",
            async run(helpers) {
                this.anchor.focus();
                await helpers.press("Enter");
            },
        },
        {
            content: "They are listed",
            trigger: ".o_list_view:contains('Ada'):contains('Bob'):not(:contains('Cyd'))",
        },
        {
            content: "Go back",
            trigger: ".breadcrumb-item.o_back_button, .o_breadcrumb .breadcrumb-item a",
            run: "click",
        },
        {
            content: "What was chosen is still chosen",
            trigger: ".o_cohort_size button[aria-label='Q1 2025: 2']",
        },
    ],
});

tours.add("crm_lifecycle_reports_flow", {
    steps: () => [
        {
            content: "The band tells how many went there",
            trigger:
                ".o_lifecycle_flow_band[aria-label='Customer → Lost: 2, 50% of its visits']",
        },
        {
            content: "The table has the same number",
            trigger:
                ".o_lifecycle_flow_table tr:contains('Customer') button[aria-label='Customer → Lost: 2, 50% of its visits']",
        },
        {
            content: "All numbers are those of the model",
            trigger: ".o_lifecycle_flow_table",
            async run() {
                const { orm } = odoo.__WOWL_DEBUG__.root.env.services;
                const { flows } = await orm.call(
                    "crm.lifecycle.stage.report",
                    "get_lifecycle_flow",
                    [[]]
                );
                const cells = this.anchor.querySelectorAll("button[aria-label]");
                const shown = [...cells].map((button) => parseInt(button.textContent));
                const told = flows.map(({ count }) => count);
                if (!told.length || `${shown.sort()}` !== `${told.sort()}`) {
                    throw new Error(`${shown} is not ${told}`);
                }
            },
        },
        {
            content: "Bands are reached by the keyboard",
            trigger: ".o_lifecycle_flow_band[tabindex='0']",
            run() {
                this.anchor.focus();
                this.anchor.dispatchEvent(
                    new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true })
                );
                if (document.activeElement.dataset.band !== "1") {
                    throw new Error("The next band has not got the focus");
                }
            },
        },
        {
            content: "What has the focus is told",
            trigger: ".o_lifecycle_flow_details:contains('→')",
        },
        takeAlong("Take the table along", ".o_report_xlsx", "/web/pivot/export_xlsx"),
        {
            content: "Take the picture along",
            trigger: ".o_report_png",
            run: "click",
        },
        {
            content: "Look at the customers of a number",
            trigger:
                ".o_lifecycle_flow_table button[aria-label='Customer → Lost: 2, 50% of its visits']",
            run: "click",
        },
        {
            content: "They are listed",
            trigger: ".o_list_view:contains('Ada'):contains('Bob'):not(:contains('Cyd'))",
        },
        {
            content: "Go back",
            trigger: ".breadcrumb-item.o_back_button, .o_breadcrumb .breadcrumb-item a",
            run: "click",
        },
        {
            content: "Look at the customers of a band, by the keyboard",
            trigger:
                ".o_lifecycle_flow_band[aria-label='Customer → Lost: 2, 50% of its visits']",
            async run(helpers) {
                this.anchor.focus();
                await helpers.press("Enter");
            },
        },
        {
            content: "They are the same",
            trigger: ".o_list_view:contains('Ada'):contains('Bob'):not(:contains('Cyd'))",
        },
    ],
});
