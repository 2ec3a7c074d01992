/** The dashboard Satisfaction shows the numbers of the test's answers. */
import { choosePeriod, figures, opened } from "@crm_lifecycle_reports/../tests/tours/dashboards";
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("crm_lifecycle_survey_reports_dashboard", {
    steps: () => [
        opened,
        figures("Figures, tables and lists are those of the models", {
            Data: [
                ["NPS", 25, -100],
                ["NPS, latest answers", 0, -100],
                ["Promoters", 2],
                ["Passives", 1],
                ["Detractors", 1, 1],
            ],
            Dashboard: [
                ["NPS", 4, 7],
                ["CSAT", 1, 5],
                ["Bob", "Customer", 2],
            ],
        }),
        ...choosePeriod("last_30_days"),
        figures("Everything follows the period", {
            Data: [
                ["NPS", 0, 100],
                ["NPS, latest answers", 0, 100],
                ["Promoters", 1, 1],
                ["Detractors", 1],
            ],
            Dashboard: [["NPS", 3, 6]],
        }),
    ],
});

tours.add("crm_lifecycle_survey_reports_dashboard_own", {
    steps: () => [
        opened,
        figures("The answers of the colleague's customers are in no figure", {
            Data: [
                ["NPS", 100],
                ["NPS, latest answers", 100],
                ["Promoters", 2],
            ],
            Dashboard: [["NPS", 2, 9.5]],
        }),
    ],
});
