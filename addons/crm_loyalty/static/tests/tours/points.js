/** Points for employees: open a card, request an adjustment, approve it. */
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("crm_loyalty_adjust", {
    steps: () => [
        {
            content: "What can be spent is told",
            trigger: ".o_field_widget[name=crm_loyalty_points_available]:contains('600')",
        },
        {
            content: "Open the lots",
            trigger: ".o_notebook .nav-link[name=lots]",
            run: "click",
        },
        {
            content: "The lot is there, with what is left of it",
            trigger: ".o_field_widget[name=crm_loyalty_lot_ids] .o_data_row:contains('600')",
        },
        {
            content: "Open the ledger",
            trigger: ".o_notebook .nav-link[name=ledger]",
            run: "click",
        },
        {
            content: "The entry is there",
            trigger: ".o_field_widget[name=crm_loyalty_entry_ids] .o_data_row:contains('Earned')",
        },
        {
            content: "Adjust the points",
            trigger: ".o_statusbar_buttons button[name=action_loyalty_update_balance]",
            run: "click",
        },
        {
            content: "Tell the new balance",
            trigger: ".modal .o_field_widget[name=new_balance] input",
            run: "edit 900",
        },
        {
            content: "Give the reason",
            trigger: ".modal .o_field_widget[name=description] input",
            run: "edit Complaint 17",
        },
        {
            content: "It is above the limit",
            trigger: ".modal .alert-warning:contains('second person')",
        },
        {
            content: "Ask for it",
            trigger: ".modal button[name=action_update_card_point]",
            run: "click",
        },
        {
            content: "It waits, and can't be approved by whoever asks",
            trigger:
                ".o_form_view:has(.o_field_widget[name=reason]:contains('Complaint 17')):not(:has(button[name=action_approve]))",
        },
    ],
});

tours.add("crm_loyalty_approve", {
    steps: () => [
        {
            content: "Open what waits",
            trigger: ".o_data_row:contains('Complaint 17') td[name=reason]",
            run: "click",
        },
        {
            content: "Approve it",
            trigger: ".o_statusbar_buttons button[name=action_approve]",
            run: "click",
        },
        {
            content: "It is posted",
            trigger: ".o_field_widget[name=entry_id]:contains('Adjusted +300')",
        },
    ],
});
