/** Figures of the dashboards, read from the rendered sheets. */
import { registry } from "@web/core/registry";
import { choosePeriod, expectRows, figures, getServices, opened } from "@crm_lifecycle_reports/../tests/tours/dashboards";

const tours = registry.category("web_tour.tours");
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
        ...choosePeriod("last_7_days"),
        figures("Who was won follows the period, who is there does not", {
            Data: [
                ["Customers", 3],
                ["New", 0],
                ["Churned", 1],
            ],
        }),
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

tours.add("crm_lifecycle_reports_wall_own", {
    steps: () => [
        opened,
        figures("The colleague's customer at risk is in no figure, and not listed", {
            Data: [
                ["At risk now", 1],
                ["Nothing planned", 1],
            ],
            Dashboard: [["Bob"]],
        }),
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
