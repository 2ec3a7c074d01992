/** What service staff see of the customer on a helpdesk ticket. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_lifecycle_helpdesk_ticket", {
    steps: () => [
        {
            content: "The ticket tells where its customer stands",
            trigger: ".o_field_widget[name=lifecycle_stage]:contains('Risk')",
        },
        {
            content: "Open the page of the lifecycle",
            trigger: ".o_notebook .nav-link[name=lifecycle]",
            run: "click",
        },
        {
            content: "It tells what to do",
            trigger: ".o_field_widget[name=lifecycle_guidance]:contains('Call within')",
        },
        {
            content: "And nothing that is for salespeople",
            trigger:
                ".o_form_view:not(:has(.o_lifecycle_overview)):not(:has(button[name=action_open_lifecycle_profile]))",
        },
    ],
});

/** A salesperson opens the tickets of a customer and goes back. */
registry.category("web_tour.tours").add("crm_lifecycle_helpdesk_profile", {
    steps: () => [
        {
            content: "The profile counts open tickets",
            trigger: ".o_field_widget[name=ticket_open_count]:contains('1')",
        },
        {
            content: "Open the tickets",
            trigger: "button[name=action_open_helpdesk_tickets]:contains('1')",
            run: "click",
        },
        {
            content: "There is one",
            trigger: ".o_last_breadcrumb_item:contains('Tickets')",
        },
        {
            content: "Open it",
            trigger: ".o_data_row .o_data_cell:contains('It does not work')",
            run: "click",
        },
        {
            content: "And go back to the customer",
            trigger: "button[name=action_open_lifecycle_profile]:contains('Risk')",
            run: "click",
        },
        {
            content: "A new ticket is of the customer",
            trigger: "button[name=action_new_helpdesk_ticket]",
            run: "click",
        },
        {
            content: "It is",
            trigger: ".o_form_view .o_field_widget[name=partner_id] input:value(Ada)",
        },
    ],
});
