/** A salesperson views customers by stage, and moves them. */
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const tours = registry.category("web_tour.tours");

/** The column of a stage, with its content. */
const column = (stage) =>
    `.o_kanban_group:has(.o_column_title:contains('${stage}'))`;

const openHistory = {
    content: "Open the history",
    trigger: ".o_notebook .nav-link:contains('History')",
    run: "click",
};

/** The row of a move in the history of a form. */
const move = (from, to) =>
    ".o_field_widget[name=history_ids] .o_data_row" +
    `:has(.o_data_cell[name=from_stage_id]:contains('${from}'))` +
    `:has(.o_data_cell[name=to_stage_id]:contains('${to}'))`;

/** The stage that the status bar of a form marks as the present one. */
const currentStage = (stage) =>
    `.o_field_widget[name=stage_id] .o_arrow_button_current:contains('${stage}')`;

/** Fill in the dialog for a stage and a reason, and confirm it. */
const moveWithReason = (stage, reason) => [
    {
        content: "Ask for a move with a reason",
        trigger: ".o_statusbar_buttons button:contains('Move with a Reason')",
        run: "click",
    },
    {
        content: "Look for the stage",
        trigger: ".modal .o_field_widget[name=stage_id] input",
        run: `edit ${stage}`,
    },
    {
        content: "Choose the stage",
        trigger: `.o-autocomplete--dropdown-item a:contains('${stage}')`,
        run: "click",
    },
    {
        content: "Give the reason",
        trigger: ".modal .o_field_widget[name=reason] input",
        run: `edit ${reason}`,
    },
    {
        content: "Move",
        trigger: ".modal button[name=action_move]",
        run: "click",
    },
];

tours.add("crm_lifecycle_stages", {
    steps: () => [
        ...stepUtils.goToAppSteps(
            "crm_lifecycle.crm_lifecycle_menu_root",
            "Open the Lifecycle app",
        ),
        {
            content: "Empty stages have their column too",
            trigger: column("Lost"),
        },
        {
            content: "Drag the customer to the next stage",
            trigger: `${column("Prospect")} .o_kanban_record:contains('Ada')`,
            // A trailing bracket would be parsed as the end of the call.
            run: `drag_and_drop(${column("Engaged")})`,
        },
        {
            content: "Open the customer",
            trigger: `${column("Engaged")} .o_kanban_record:contains('Ada')`,
            run: "click",
        },
        {
            content: "The form shows the new stage",
            trigger: currentStage("Engaged"),
        },
        {
            content: "The form tells why the customer is here",
            trigger: ".o_lifecycle_explanation:contains('Why here')",
        },
        openHistory,
        {
            content: "The history tells who moved the customer",
            trigger: `${move("Prospect", "Engaged")}:contains('By hand')`,
        },
        {
            content: "Go one stage further in the bar",
            trigger:
                ".o_field_widget[name=stage_id] .o_arrow_button:contains('Customer')",
            run: "click",
        },
        {
            content: "The form shows the new stage",
            trigger: currentStage("Customer"),
        },
        {
            content: "The history has this move as well",
            trigger: `${move("Engaged", "Customer")}:contains('By hand')`,
        },
    ],
});

const notice = ".o_notification:has(button:contains('Pin'))";

tours.add("crm_lifecycle_hold", {
    steps: () => [
        ...stepUtils.goToAppSteps(
            "crm_lifecycle.crm_lifecycle_menu_root",
            "Open the Lifecycle app",
        ),
        {
            content: "Drag the customer to the next stage",
            trigger: `${column("Prospect")} .o_kanban_record:contains('Ada')`,
            run: `drag_and_drop(${column("Engaged")})`,
        },
        {
            content: "A notification names the rule that would move them away",
            trigger: `${notice}:contains('The rule “to Lost” would move this customer')`,
        },
        {
            content: "Close it",
            trigger: `${notice} .o_notification_close`,
            run: "click",
        },
        {
            content: "The card shows that the stage is held; open it",
            trigger: `${column("Engaged")} .o_kanban_record:has(.fa-hand-paper-o)`,
            run: "click",
        },
        {
            content: "The form explains it",
            trigger: ".o_lifecycle_explanation:contains('rule “to Lost” would move')",
        },
        {
            content: "Go one stage further in the bar",
            trigger:
                ".o_field_widget[name=stage_id] .o_arrow_button:contains('Customer')",
            run: "click",
        },
        {
            content: "Pin the customer in the notification",
            trigger: `${notice} button:contains('Pin')`,
            run: "click",
        },
        {
            content: "The dialog is about this customer",
            trigger: ".modal .o_field_widget[name=profile_ids]:contains('Ada')",
        },
        {
            content: "Close the dialog",
            trigger: ".modal .modal-footer button:contains('Discard')",
            run: "click",
        },
        ...moveWithReason("Engaged", "They think about it"),
        {
            content: "A move by the dialog notifies too",
            trigger: `body:not(:has(.modal)) ${notice}:contains('to Lost')`,
        },
        {
            content: "The form shows the new stage",
            trigger: currentStage("Engaged"),
        },
    ],
});

tours.add("crm_lifecycle_move_with_reason", {
    steps: () => [
        ...moveWithReason("Engaged", "They asked for a quote"),
        {
            content: "The form shows the new stage",
            trigger: `body:not(:has(.modal)) ${currentStage("Engaged")}`,
        },
        openHistory,
        {
            content: "The reason is in the history",
            trigger: `${move("Prospect", "Engaged")}:contains('They asked for a quote')`,
        },
    ],
});

tours.add("crm_lifecycle_move_refused", {
    steps: () => [
        ...moveWithReason("Customer", "Straight to the order"),
        {
            content: "The message names the stage that is missing",
            trigger: ".o_error_dialog:contains('Still missing: Engaged')",
        },
        {
            content: "Close the message",
            trigger: ".o_error_dialog .modal-footer button:contains('Close')",
            run: "click",
        },
        {
            content: "Give up the move",
            trigger: ".modal .modal-footer button:contains('Discard')",
            run: "click",
        },
        {
            content: "The customer is where they were",
            trigger: `body:not(:has(.modal)) ${currentStage("Prospect")}`,
        },
        {
            content: "Try it by a click in the bar",
            trigger:
                ".o_field_widget[name=stage_id] .o_arrow_button:contains('Customer')",
            run: "click",
        },
        {
            content: "The message is the same",
            trigger: ".o_error_dialog:contains('Still missing: Engaged')",
        },
        {
            content: "Close it",
            trigger: ".o_error_dialog .modal-footer button:contains('Close')",
            run: "click",
        },
        {
            content: "The bar shows where the customer is, and nothing is unsaved",
            trigger:
                "body:not(:has(.modal)):not(:has(.o_form_status_indicator_buttons:not(.invisible))) " +
                currentStage("Prospect"),
        },
    ],
});

tours.add("crm_lifecycle_drag_refused", {
    steps: () => [
        ...stepUtils.goToAppSteps(
            "crm_lifecycle.crm_lifecycle_menu_root",
            "Open the Lifecycle app",
        ),
        {
            content: "The bar of the column counts the follow-up that is overdue",
            trigger: `${column("Prospect")} .o_column_progress .bg-danger`,
        },
        {
            content: "The card says so too",
            trigger: `${column("Prospect")} .o_kanban_record:contains('Ada') .badge:contains('Overdue')`,
        },
        {
            content: "Drag the customer over a stage",
            trigger: `${column("Prospect")} .o_kanban_record:contains('Ada')`,
            run: `drag_and_drop(${column("Customer")})`,
        },
        {
            content: "The message names the stage that is missing",
            trigger: ".o_error_dialog:contains('Still missing: Engaged')",
        },
        {
            content: "Close it",
            trigger: ".o_error_dialog .modal-footer button:contains('Close')",
            run: "click",
        },
        {
            content: "The card is back where it was",
            trigger: `body:not(:has(.modal)) ${column("Prospect")} .o_kanban_record:contains('Ada')`,
        },
        {
            content: "And not where it may not be",
            trigger: `${column("Customer")}:not(:has(.o_kanban_record:contains('Ada')))`,
        },
    ],
});

tours.add("crm_lifecycle_pin", {
    steps: () => [
        {
            content: "Look at the customers as a list",
            trigger: ".o_cp_switch_buttons .o_list",
            run: "click",
        },
        {
            content: "Choose the customer",
            trigger: ".o_data_row:contains('Ada') .o_list_record_selector input",
            run: "click",
        },
        {
            content: "Pin them",
            trigger: ".o_control_panel button:contains('Pin')",
            run: "click",
        },
        {
            content: "Until a day",
            trigger: ".modal .o_field_widget[name=pinned_until] button, .modal .o_field_widget[name=pinned_until] input",
            run: "click",
        },
        {
            content: "Choose the day",
            trigger: ".o_datetime_picker .o_next",
            run: "click",
        },
        {
            content: "In the middle of the month",
            trigger: ".o_datetime_picker .o_date_item_cell:contains('15')",
            run: "click",
        },
        {
            content: "Pin",
            trigger: ".modal button[name=action_pin]",
            run: "click",
        },
        {
            content: "The dialog is gone: open the customer",
            trigger:
                "body:not(:has(.modal)) .o_data_row:contains('Ada') .o_data_cell[name=display_name]",
            run: "click",
        },
        {
            content: "The explanation says that no rule moves them before",
            trigger: ".o_lifecycle_explanation:contains('Pinned')",
        },
    ],
});

tours.add("crm_lifecycle_calls", {
    steps: () => [
        ...stepUtils.goToAppSteps(
            "crm_lifecycle.crm_lifecycle_menu_root",
            "Open the Lifecycle app",
        ),
        {
            content: "Open the calls of today",
            trigger:
                "[data-menu-xmlid='crm_lifecycle.crm_lifecycle_profile_call_menu']",
            run: "click",
        },
        {
            content: "The list tells what to do",
            trigger:
                ".o_data_row:contains('Ada') .o_data_cell[name=next_action]:contains('Find out')",
        },
        {
            content: "They have been called",
            trigger: ".o_data_row:contains('Ada') button[name=action_log_call]",
            run: "click",
        },
        {
            content: "Say what came of it",
            trigger: ".modal .o_field_widget[name=note] textarea",
            run: "edit Wants an offer",
        },
        {
            content: "Done",
            trigger: ".modal button[name=action_log]",
            run: "click",
        },
        {
            content: "Nobody is left to call",
            trigger:
                "body:not(:has(.modal)) .o_view_nocontent:contains('Nobody to call today')",
        },
    ],
});

tours.add("crm_lifecycle_contacts", {
    steps: () => [
        ...stepUtils.goToAppSteps("contacts.menu_contacts", "Open the Contacts app"),
        {
            content: "Open the search menu of the list",
            trigger: ".o_list_view .o_searchview_dropdown_toggler",
            run: "click",
        },
        {
            content: "Group by stage",
            trigger: ".o_group_by_menu .o_menu_item:contains('Lifecycle Stage')",
            run: "click",
        },
        {
            content: "Contacts without a stage are a group of their own",
            trigger: ".o_group_header .o_group_name:contains('None')",
        },
        {
            content: "Unfold the stage",
            trigger: ".o_group_header .o_group_name:contains('Engaged')",
            run: "click",
        },
        {
            content: "Open the contact",
            trigger: ".o_data_row .o_data_cell:contains('Ada')",
            run: "click",
        },
        {
            content: "Open the page of the lifecycle",
            trigger: ".o_notebook .nav-link[name=lifecycle]",
            run: "click",
        },
        {
            content: "The way through the stages shows where the customer stands",
            trigger: ".o_lifecycle_path .o_lifecycle_step.o_current:contains('Engaged')",
        },
        {
            content: "What is behind tells how long it took, what is ahead does not",
            trigger:
                ".o_lifecycle_path:has(.o_visited:contains('Prospect')):has(.o_ahead:contains('Customer'))",
        },
        {
            content: "The facts are there",
            trigger: ".o_lifecycle_fact[data-name=open_lead_count]:contains('1')",
        },
        {
            content: "All that happened is in one timeline",
            trigger:
                ".o_lifecycle_timeline:has(.o_kind_stage:contains('Prospect → Engaged')):has(.o_kind_sale:contains('A shop'))",
        },
        {
            content: "Show the moves alone",
            trigger: ".o_lifecycle_kinds button[data-kind=stage]",
            run: "click",
        },
        {
            content: "The others are gone",
            trigger:
                ".o_lifecycle_timeline:has(.o_kind_stage):not(:has(.o_kind_sale))",
        },
        {
            content: "Show all again",
            trigger: ".o_lifecycle_kinds button[data-kind=stage]",
            run: "click",
        },
        {
            content: "Open the opportunity from its row",
            trigger: ".o_lifecycle_timeline .o_kind_sale:contains('A shop')",
            run: "click",
        },
        {
            content: "It is the document itself",
            trigger: ".o_form_view .o_field_widget[name=name]:has(textarea:value(A shop))",
        },
    ],
});

tours.add("crm_lifecycle_lead", {
    steps: () => [
        {
            content: "The lead shows the stage of its customer beside their name",
            trigger:
                ".o_group .o_field_badge[name=lifecycle_stage_id]:contains('Engaged')",
        },
        {
            content: "Open the page of the lifecycle",
            trigger: ".o_notebook .nav-link[name=lifecycle]",
            run: "click",
        },
        {
            content: "It shows the way through the stages in short",
            trigger:
                ".o_lifecycle_overview_short .o_lifecycle_step.o_current:contains('Engaged')",
        },
        {
            content: "Go from the lead to the customer",
            trigger: "button[name=action_open_lifecycle_profile]:contains('Engaged')",
            run: "click",
        },
        {
            content: "The customer's own form shows the same stage",
            trigger: currentStage("Engaged"),
        },
    ],
});
