/** What a salesperson sees of the customer on an order. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_lifecycle_sale_order", {
    steps: () => [
        {
            content: "The order shows the stage of its customer",
            trigger: "button[name=action_open_lifecycle_profile]:contains('Prospect')",
        },
        {
            content: "Open the page of the lifecycle",
            trigger: ".o_notebook .nav-link[name=lifecycle]",
            run: "click",
        },
        {
            content: "It shows where the customer stands",
            trigger:
                ".o_lifecycle_overview_short .o_lifecycle_step.o_current:contains('Prospect')",
        },
        {
            content: "And how their orders go, against the year before",
            trigger:
                ".o_lifecycle_fact[data-name=order_total_12m]:has(.o_lifecycle_trend:contains('+25 %'))",
        },
        {
            content: "Open the quotation from the timeline",
            trigger: ".o_lifecycle_timeline .o_lifecycle_event:contains('Quotation')",
            run: "click",
        },
        {
            content: "It is a quotation",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Quotation')",
        },
    ],
});
