/** The report on a customer, printed from a list. */
import { takeAlong } from "@crm_lifecycle_reports/../tests/tours/reports";
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("crm_lifecycle_documents_print", {
    steps: () => [
        {
            content: "Choose a customer",
            trigger: ".o_list_view .o_data_row:contains('Ada') .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Open the Print menu",
            trigger: ".o_control_panel .o_cp_action_menus button:contains('Print')",
            run: "click",
        },
        takeAlong(
            "The report on the customer comes as a file",
            ".o-dropdown--menu .o_menu_item:contains('Customer Lifecycle Report')",
            "/report/download"
        ),
    ],
});
