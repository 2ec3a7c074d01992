/** What a manager of sales sets up: a lifecycle from a template, and its rules. */
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const tours = registry.category("web_tour.tours");

/** Open an entry of the app's configuration. */
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
        ...openConfiguration("crm_lifecycle_menu"),
        {
            content: "Start from a template",
            trigger: ".o_list_view button:contains('New from a Template')",
            run: "click",
        },
        {
            content: "Choose the template",
            trigger:
                ".modal .o_radio_item:contains('from prospect to churned') .o_radio_input",
            run: "click",
        },
        {
            content: "Its stages are shown beforehand",
            trigger: ".modal .o_field_widget[name=stage_path]:contains('First deal')",
        },
        {
            content: "Create the lifecycle",
            trigger: ".modal button[name=action_start]",
            run: "click",
        },
        {
            content: "The lifecycle has the stages of the template",
            trigger:
                ".o_field_widget[name=stage_ids] .o_data_cell[name=name]:contains('First deal')",
        },
        {
            content: "Activate it",
            trigger: "button[name=action_activate]",
            run: "click",
        },
        {
            content: "Confirm",
            trigger: ".modal .modal-footer button:contains('Activate')",
            run: "click",
        },
        {
            content: "Run it",
            trigger: "button[name=action_run]",
            run: "click",
        },
        {
            content: "The run is done",
            trigger:
                ".o_field_widget[name=state] .o_arrow_button_current:contains('Done')",
        },
        {
            content: "The run has found the customer",
            trigger: ".o_field_widget[name=created_count]:contains('1')",
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
