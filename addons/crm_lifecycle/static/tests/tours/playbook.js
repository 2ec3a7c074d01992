/** A sales manager handles failed playbook steps. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_lifecycle_playbook_retry", {
    steps: () => [
        {
            content: "The customer shows that a step failed",
            trigger: "button[name=action_open_failed_steps]:contains('1')",
            run: "click",
        },
        {
            content: "The log says why",
            trigger: ".o_list_view .o_data_row:contains('Not on a Sunday')",
        },
        {
            content: "Try the step again",
            trigger: ".o_list_view .o_data_row button[name=action_retry]",
            run: "click",
        },
        {
            content: "It was done this time",
            trigger: ".o_notification:contains('Done: 1')",
        },
        {
            content: "Nothing is left in the list of what failed",
            trigger: ".o_list_view:not(:has(.o_data_row:contains('Not on a Sunday')))",
        },
    ],
});

registry.category("web_tour.tours").add("crm_lifecycle_playbook_stage", {
    steps: () => [
        {
            content: "Open the playbook of the stage",
            trigger: ".o_notebook .nav-link:contains('Playbook')",
            run: "click",
        },
        {
            content: "The playbook is done again after some days",
            trigger: ".o_field_widget[name=reentry_mode] input",
            run: "click",
        },
        {
            content: "Choose so",
            trigger: ".o_select_menu_item:contains('Again after some days')",
            run: "click",
        },
        {
            content: "Say after how many",
            trigger: ".o_field_widget[name=reentry_days] input",
            run: "edit 90",
        },
        {
            content: "Follow-ups are for the team leader",
            trigger: ".o_field_widget[name=follow_up_responsible] input",
            run: "click",
        },
        {
            content: "Choose so",
            trigger: ".o_select_menu_item:contains('Team leader')",
            run: "click",
        },
        {
            content: "Save",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "It is saved",
            trigger: ".o_form_saved",
        },
    ],
});
