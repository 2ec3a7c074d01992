/** A sales manager changes a lifecycle and sees the effect. */
import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

const tours = registry.category("web_tour.tours");

const arrow = (from, to) => `.o_lifecycle_path_arrow[aria-label^='${from} → ${to}:']`;

tours.add("crm_lifecycle_editor", {
    steps: () => [
        {
            content: "The path shows the way that the rule opens",
            trigger: arrow("Prospect", "Engaged"),
            run: "hover",
        },
        {
            content: "Below it the rule is told",
            trigger:
                ".o_lifecycle_path_details:contains('Prospect → Engaged'):contains('Warms up')",
        },
        {
            content: "Open the rule",
            trigger:
                ".o_field_widget[name=rule_ids] .o_data_cell[name=name]:contains('Warms up')",
            run: "click",
        },
        {
            content: "Have it lead elsewhere",
            trigger: ".modal .o_field_widget[name=to_stage_id] input",
            run: "edit Customer",
        },
        {
            content: "Choose the stage",
            trigger: ".o-autocomplete--dropdown-item a:contains('Customer')",
            run: "click",
        },
        {
            content: "Take over the change",
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "The path is drawn anew, and tells what the policy makes of it",
            trigger: `body:not(:has(.modal)) ${arrow("Prospect", "Customer")}.o_lifecycle_path_refused`,
        },
        ...stepUtils.saveForm(),
        {
            content: "Go to the versions",
            trigger: ".o_notebook .nav-link[name=versions]",
            run: "click",
        },
        {
            content: "The last one tells what changed",
            trigger:
                ".o_field_widget[name=version_ids] .o_data_row:first:contains('To changed from “Engaged” to “Customer”')",
        },
    ],
});

tours.add("crm_lifecycle_rule_test", {
    steps: () => [
        {
            content: "Choose a customer to test the rule on",
            trigger: ".o_field_widget[name=test_profile_id] input",
            run: "edit Ada",
        },
        {
            content: "Choose Ada",
            trigger: ".o-autocomplete--dropdown-item a:contains('Ada')",
            run: "click",
        },
        {
            content: "Each condition tells the value and whether it holds",
            trigger:
                ".o_lifecycle_test li:contains('Won leads more than 0'):contains('now:') .fa-times",
        },
        {
            content: "Edit the conditions",
            trigger: ".o_field_domain_dialog_button",
            run: "click",
        },
        {
            content: "Ask for fewer",
            trigger: ".modal .o_tree_editor_condition input[type=text]",
            run: "edit -1 && press Enter",
        },
        {
            content: "Confirm",
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "Without a save, the answer is another one",
            trigger: ".o_lifecycle_test .badge:contains('Holds: moves with the next run')",
        },
        ...stepUtils.saveForm(),
    ],
});

tours.add("crm_lifecycle_explain", {
    steps: () => [
        {
            content: "The form tells why the customer is here",
            trigger: ".o_lifecycle_explanation:contains('Why here')",
        },
        {
            content: "Each rule tells on which day it will hold",
            trigger:
                ".o_lifecycle_explanation_rule:contains('Goes silent') .badge:contains('If nothing happens, on')",
        },
        {
            content: "Condition by condition, with the value",
            trigger:
                ".o_lifecycle_explanation_rule li:contains('One of:') li:contains('Won leads more than 0'):contains('now:')",
        },
        {
            content: "A rule that the lifecycle refuses says so",
            trigger:
                ".o_lifecycle_explanation_rule:contains('Jumps'):contains('Still missing: Engaged')",
        },
    ],
});

tours.add("crm_lifecycle_test_on_customer", {
    steps: () => [
        {
            content: "Test the lifecycle on a customer",
            trigger: ".o_statusbar_buttons button:contains('Test on a Customer')",
            run: "click",
        },
        {
            content: "Look for the customer",
            trigger: ".modal .o_field_widget[name=profile_id] input",
            run: "edit Ada",
        },
        {
            content: "Choose Ada",
            trigger: ".o-autocomplete--dropdown-item a:contains('Ada')",
            run: "click",
        },
        {
            content: "The stage that she would enter is filled in",
            trigger: ".modal .o_field_widget[name=stage_id] input:value(Prospect)",
        },
        {
            content: "The rules from there are told",
            trigger:
                ".modal .o_lifecycle_test:contains('as if Ada entered') .o_lifecycle_explanation_rule:contains('Warms up')",
        },
        {
            content: "Close",
            trigger: ".modal .modal-footer button:contains('Close')",
            run: "click",
        },
        {
            content: "The dialog is gone",
            trigger: "body:not(:has(.modal))",
        },
    ],
});
