/** A salesperson records the result of a return visit. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_lifecycle_visit", {
    steps: () => [
        {
            content: "The list shows who is due; open the result",
            trigger: ".o_data_row:contains('Ada') button[name=action_open_form]",
            run: "click",
        },
        {
            content: "The customer was reached",
            trigger: ".modal .o_field_widget[name=result] input[data-value=reached]",
            run: "click",
        },
        {
            content: "How satisfied they are",
            trigger: ".modal .o_field_widget[name=satisfaction] input",
            run: "click",
        },
        {
            content: "Satisfied",
            trigger: ".o_select_menu_item:contains('4 Satisfied')",
            run: "click",
        },
        {
            content: "What was said",
            trigger: ".modal .o_field_widget[name=note] textarea",
            run: "edit All is well",
        },
        {
            content: "Save the result",
            trigger: ".modal button[name=action_record]",
            run: "click",
        },
        {
            content: "Nobody is due any more",
            trigger: "body:not(:has(.modal)) .o_list_view:not(:has(.o_data_row))",
        },
    ],
});
