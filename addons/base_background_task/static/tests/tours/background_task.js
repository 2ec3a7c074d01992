import { registry } from "@web/core/registry";

/** A user opens a waiting task from the systray and cancels it. */
registry.category("web_tour.tours").add("base_background_task_cancel", {
    steps: () => [
        {
            content: "Open the menu of tasks",
            trigger: ".o_background_task_systray",
            run: "click",
        },
        {
            content: "Open the task",
            trigger: ".o_background_task_menu .dropdown-item:contains('Promotion of 3')",
            run: "click",
        },
        {
            content: "It waits for its turn",
            trigger: ".o_form_view .o_background_progress:contains('Waiting for its turn')",
        },
        {
            content: "Cancel it",
            trigger: ".o_form_view button[name=action_cancel]",
            run: "click",
        },
        {
            content: "It is cancelled",
            trigger: ".o_form_view .alert:contains('Cancelled.')",
        },
        {
            content: "The systray is empty",
            trigger: "body:not(:has(.o_background_task_systray))",
        },
    ],
});
