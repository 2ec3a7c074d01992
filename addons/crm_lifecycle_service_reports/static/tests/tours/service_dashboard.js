/** The dashboard Service shows the numbers of the test's tickets. */
import { choosePeriod, figures, opened } from "@crm_lifecycle_reports/../tests/tours/dashboards";
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("crm_lifecycle_service_reports_dashboard", {
    steps: () => [
        opened,
        figures("Figures, tables and lists are those of the models", {
            Data: [
                ["Tickets", 3, 1],
                ["Open tickets now", 2],
                ["Hours to answer", 3],
                ["Days until closed", 2],
                ["CSAT", 0.5, 1],
            ],
            Dashboard: [
                ["Customer", 3, 3, 0.5],
                ["Ada", "Customer", 1],
                ["Bob", "Customer", 1],
            ],
        }),
        ...choosePeriod("last_30_days"),
        figures("All but what is told of now follow the period", {
            Data: [
                ["Tickets", 2, 1],
                ["Open tickets now", 2],
                ["Hours to answer", 4, 2],
                ["CSAT", 0, 1],
            ],
            Dashboard: [["Customer", 2, 4, 0]],
        }),
    ],
});

tours.add("crm_lifecycle_service_reports_dashboard_own", {
    steps: () => [
        opened,
        figures("The colleague's ticket is in no figure", {
            Data: [
                ["Tickets", 2, 1],
                ["Open tickets now", 1],
                ["CSAT", 1, 1],
            ],
            Dashboard: [["Customer", 2, 3, 1]],
        }),
    ],
});
