/** A salesperson handles the case of a customer at risk. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_lifecycle_risk_case", {
    steps: () => [
        {
            content: "Open the case",
            trigger: ".o_kanban_record:contains('Ada')",
            run: "click",
        },
        {
            content: "Start the plan",
            trigger: "button[name=action_start_plan]",
            run: "click",
        },
        {
            content: "The plan is in place",
            trigger: ".o_arrow_button_current:contains('Plan in place')",
        },
        {
            content: "Write down the lesson",
            trigger: ".o_notebook .nav-link:contains('Lesson')",
            run: "click",
        },
        {
            content: "In words",
            trigger: ".o_field_widget[name=lesson] textarea",
            run: "edit Call before the renewal",
        },
        {
            content: "The customer stays",
            trigger: "button[name=action_set_saved]",
            run: "click",
        },
        {
            content: "Yes, close it",
            trigger: ".modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "The case is closed",
            trigger: ".o_arrow_button_current:contains('Saved')",
        },
    ],
});
