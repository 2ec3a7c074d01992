/** A sales manager sets up a lifecycle from a template, and its rules. */
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const tours = registry.category("web_tour.tours");

/** Open a menu of the app's configuration. */
const openConfiguration = (menu) => [
    ...stepUtils.goToAppSteps(
        "crm_lifecycle.crm_lifecycle_menu_root",
        "Open the Lifecycle app",
    ),
    {
        content: "Open the configuration",
        trigger:
            "button[data-menu-xmlid='crm_lifecycle.crm_lifecycle_configuration_menu']",
        run: "click",
    },
    {
        content: "Choose what to configure",
        trigger: `.dropdown-item[data-menu-xmlid='crm_lifecycle.${menu}']`,
        run: "click",
    },
];

tours.add("crm_lifecycle_from_template", {
    steps: () => [
        ...stepUtils.goToAppSteps(
            "crm_lifecycle.crm_lifecycle_menu_root",
            "Open the Lifecycle app",
        ),
        {
            content: "As long as no lifecycle is active it tells how to begin",
            trigger: ".o_lifecycle_onboarding button[name=start]",
            run: "click",
        },
        {
            content: "Choose the template; its stages are drawn",
            trigger: ".modal .o_lifecycle_card[data-code=nurture]:contains('Nurture')",
            run: "click",
        },
        {
            content: "It is chosen",
            trigger: ".modal .o_lifecycle_card[data-code=nurture].o_lifecycle_chosen",
        },
        {
            content: "Go on to the thresholds",
            trigger: ".modal button[name=action_next]",
            run: "click",
        },
        {
            content: "Dormant after so many days",
            trigger:
                ".modal .o_data_row:contains('Dormant after') .o_data_cell[name=value]",
            run: "click",
        },
        {
            content: "Enter a number that is none of days",
            trigger: ".modal .o_selected_row .o_field_widget[name=value] input",
            run: "edit 0",
        },
        {
            content: "Go on",
            trigger: ".modal button[name=action_next]",
            run: "click",
        },
        {
            content: "The dialog says what is wrong",
            trigger: ".modal:contains('whole numbers from 1')",
        },
        {
            content: "Close the message",
            trigger: ".o_error_dialog .btn-primary, .modal:contains('whole numbers from 1') .modal-footer .btn-primary:contains('Close')",
            run: "click",
        },
        {
            content: "Enter another number",
            trigger:
                ".modal .o_data_row:contains('Dormant after') .o_data_cell[name=value]",
            run: "click",
        },
        {
            content: "Dormant after 20 days",
            trigger: ".modal .o_selected_row .o_field_widget[name=value] input",
            run: "edit 20",
        },
        {
            content: "Go on to the preview",
            trigger: ".modal button[name=action_next]",
            run: "click",
        },
        {
            content: "It counts the customers by stage, and names them",
            trigger: ".modal .o_lifecycle_preview:contains('Acquire'):contains('Bob')",
        },
        {
            content: "Go back",
            trigger: ".modal button[name=action_back]",
            run: "click",
        },
        {
            content: "What was entered is still there",
            trigger:
                ".modal .o_data_row:contains('Dormant after') .o_data_cell[name=value]:contains('20')",
        },
        {
            content: "Go on to the preview again",
            trigger: ".modal button[name=action_next]",
            run: "click",
        },
        {
            content: "The preview is there",
            trigger: ".modal .o_lifecycle_preview",
        },
        {
            content: "Go on",
            trigger: ".modal button[name=action_next]",
            run: "click",
        },
        {
            content: "Bring in half a year",
            trigger: ".modal .o_field_widget[name=replay_months] input",
            run: "edit 6",
        },
        {
            content: "By the month",
            trigger: ".modal [name=replay_step] input[data-value=month]",
            run: "click",
        },
        {
            content: "Activate",
            trigger: ".modal button[name=action_activate]",
            run: "click",
        },
        {
            content: "The customer is on the board",
            trigger: ".o_kanban_view .o_kanban_record:contains('Bob')",
        },
    ],
});

/** Long work runs in the background. */
tours.add("crm_lifecycle_start_in_background", {
    steps: () => [
        ...stepUtils.goToAppSteps(
            "crm_lifecycle.crm_lifecycle_menu_root",
            "Open the Lifecycle app",
        ),
        {
            content: "Open the setup",
            trigger: ".o_lifecycle_onboarding button[name=start]",
            run: "click",
        },
        {
            content: "Choose the template",
            trigger: ".modal .o_lifecycle_card[data-code=nurture]",
            run: "click",
        },
        {
            content: "Go on to the thresholds",
            trigger: ".modal .o_lifecycle_chosen[data-code=nurture]",
        },
        {
            content: "Next",
            trigger: ".modal button[name=action_next]",
            run: "click",
        },
        {
            content: "The thresholds are there",
            trigger: ".modal .o_data_row:contains('Dormant after')",
        },
        {
            content: "Go on to the preview",
            trigger: ".modal button[name=action_next]",
            run: "click",
        },
        {
            content: "The preview is there",
            trigger: ".modal .o_lifecycle_preview:contains('Bob')",
        },
        {
            content: "Go on",
            trigger: ".modal button[name=action_next]",
            run: "click",
        },
        {
            content: "Activate with twelve months, looked at day by day",
            trigger: ".modal button[name=action_activate]",
            run: "click",
        },
        {
            content: "It goes on in the background",
            trigger: ".modal .o_background_progress:contains('Waiting for its turn')",
        },
        {
            content: "Leave it",
            trigger: ".modal button:contains('Leave It Running')",
            run: "click",
        },
        {
            content: "It is still at hand",
            trigger: "body:not(:has(.modal)) .o_background_task_systray",
        },
    ],
});

tours.add("crm_lifecycle_start_came_back", {
    steps: () => [
        {
            content: "Open the work that has ended",
            trigger: ".o_data_row:contains('Activation of') .o_data_cell[name=name]",
            run: "click",
        },
        {
            content: "Show what came of it",
            trigger: ".o_form_view button[name=action_open_result]",
            run: "click",
        },
        {
            content: "The customer is on the board",
            trigger: ".o_kanban_view .o_kanban_record:contains('Bob')",
        },
    ],
});

tours.add("crm_lifecycle_rule", {
    steps: () => [
        ...openConfiguration("crm_lifecycle_rule_menu"),
        {
            content: "The list tells the conditions in words; open the rule",
            trigger: ".o_data_row:contains('90 days ago') .o_data_cell[name=name]",
            run: "click",
        },
        {
            content: "The form tells them as well",
            trigger:
                ".o_form_view .o_field_widget[name=domain]" +
                ":contains('on or before'):contains('90 days ago')",
        },
        {
            content: "Edit the conditions",
            trigger: ".o_field_domain_dialog_button",
            run: "click",
        },
        {
            content: "Change the number of days",
            trigger: ".modal .o_relative_date input[type=number]",
            run: "edit 60",
        },
        {
            content: "Confirm",
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "The form tells the new conditions",
            trigger: ".o_form_view .o_field_widget[name=domain]:contains('60 days ago')",
        },
        ...stepUtils.saveForm(),
    ],
});

tours.add("crm_lifecycle_nothing_active", {
    steps: () => [
        ...stepUtils.goToAppSteps(
            "crm_lifecycle.crm_lifecycle_menu_root",
            "Open the Lifecycle app",
        ),
        {
            content: "It says whom to ask, and offers nothing that is not allowed",
            trigger:
                ".o_lifecycle_onboarding:contains('Ask an administrator'):not(:has(button[name=start]))",
        },
        {
            content: "Look at the customers all the same",
            trigger: ".o_lifecycle_onboarding a:contains('Show the customers')",
            run: "click",
        },
        {
            content: "They are there",
            trigger: ".o_kanban_view",
        },
    ],
});

tours.add("crm_lifecycle_compare", {
    steps: () => [
        ...openConfiguration("crm_lifecycle_compare_menu"),
        {
            content: "Compare the active one with the draft",
            trigger: ".modal button[name=action_compare]",
            run: "click",
        },
        {
            content: "The customer is in the matrix, and named with both reasons",
            trigger:
                ".modal .o_lifecycle_matrix:contains('Engaged') .table-warning:contains('1')",
        },
        {
            content: "With the reason",
            trigger: ".modal .o_lifecycle_preview tr:contains('Ada'):contains('to Engaged')",
        },
        {
            content: "Close",
            trigger: ".modal .modal-footer button:contains('Close')",
            run: "click",
        },
    ],
});

tours.add("crm_lifecycle_switch", {
    steps: () => [
        {
            content: "Choose another template",
            trigger: ".modal .o_lifecycle_card[data-code=activity]",
            run: "click",
        },
        {
            content: "It is chosen",
            trigger: ".modal .o_lifecycle_card[data-code=activity].o_lifecycle_chosen",
        },
        {
            content: "Go on to the thresholds",
            trigger: ".modal button[name=action_next]",
            run: "click",
        },
        {
            content: "The thresholds are there",
            trigger: ".modal .o_lifecycle_thresholds .o_data_row",
        },
        {
            content: "Go on to the preview",
            trigger: ".modal button[name=action_next]",
            run: "click",
        },
        {
            content: "The lifecycle that is active now will be replaced",
            trigger:
                ".modal [name=active_lifecycle_ids]:contains('Test lifecycle'), .modal .o_tag:contains('Test lifecycle')",
        },
        {
            content: "Go on",
            trigger: ".modal button[name=action_next]",
            run: "click",
        },
        {
            content: "Bring in no past",
            trigger: ".modal .o_field_widget[name=replay_months] input",
            run: "edit 0",
        },
        {
            content: "Activate",
            trigger: ".modal button[name=action_activate]",
            run: "click",
        },
        {
            content: "The board has the stages of the other lifecycle",
            trigger: ".o_kanban_view .o_kanban_group:contains('Active')",
        },
    ],
});
