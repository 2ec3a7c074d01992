import { registry } from "@web/core/registry";

/** A manager rebuilds the history of an active lifecycle, and undoes it. */
registry.category("web_tour.tours").add("crm_lifecycle_rebuild", {
    steps: () => [
        {
            content: "Rebuild the history",
            trigger: "button[name=action_rebuild_history]",
            run: "click",
        },
        {
            content: "The time is estimated",
            trigger: ".modal .o_field_widget[name=estimate]:contains('About')",
        },
        {
            content: "Three months",
            trigger: ".modal .o_field_widget[name=months] input",
            run: "edit 3",
        },
        {
            content: "Every month",
            trigger: ".modal .o_field_widget[name=step] input[data-value=month]",
            run: "click",
        },
        {
            content: "Look first",
            trigger: ".modal button[name=action_preview]",
            run: "click",
        },
        {
            content: "It says what goes, what comes, and what stays",
            trigger:
                ".modal .o_lifecycle_rebuild:contains('Removed'):contains('Added'):contains('What stays'):contains('By hand')",
        },
        {
            content: "Rebuild",
            trigger: ".modal button[name=action_rebuild]",
            run: "click",
        },
        {
            content: "The lifecycle says that it was rebuilt; undo it",
            trigger:
                "body:not(:has(.modal)) .alert:contains('was rebuilt') button[name=action_undo_rebuild]",
            run: "click",
        },
        {
            content: "Confirm",
            trigger: ".modal-footer .btn-primary:contains('Undo Rebuild')",
            run: "click",
        },
        {
            content: "It says what was restored",
            trigger: ".o_notification:contains('The rebuild is undone')",
        },
        {
            content: "There is nothing left to undo",
            trigger:
                "body:not(:has(.modal)) .o_form_view:not(:has(button[name=action_undo_rebuild]))",
        },
    ],
});
