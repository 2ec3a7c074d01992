import { registry } from "@web/core/registry";

/** A manager starts a run of many customers, leaves it, returns and cancels it. */
registry.category("web_tour.tours").add("crm_lifecycle_background_work", {
    steps: () => [
        {
            content: "Run the lifecycle",
            trigger: "button[name=action_run]",
            run: "click",
        },
        {
            content: "It waits for its turn",
            trigger: ".modal .o_background_progress:contains('Waiting for its turn')",
        },
        {
            content: "Leave it running",
            trigger: ".modal button:contains('Leave It Running')",
            run: "click",
        },
        {
            content: "It is still at hand",
            trigger: "body:not(:has(.modal)) .o_background_task_systray",
            run: "click",
        },
        {
            content: "Come back to it",
            trigger: ".o_background_task_menu .dropdown-item:contains('Run of')",
            run: "click",
        },
        {
            content: "Stop it",
            trigger: ".o_form_view button[name=action_cancel]",
            run: "click",
        },
        {
            content: "It was stopped",
            trigger: ".o_form_view .alert:contains('Cancelled.')",
        },
        {
            content: "Nothing is under way any more",
            trigger: "body:not(:has(.o_background_task_systray))",
        },
    ],
});
