/** A sales manager reads the satisfaction reports, and a customer answers a survey. */
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("crm_lifecycle_survey_nps", {
    steps: () => [
        {
            content: "NPS by stage and quarter",
            trigger: ".o_pivot table",
        },
        {
            content: "See the answers one by one",
            trigger: ".o_switch_view.o_list",
            run: "click",
        },
        {
            content: "The comment is shown with the score",
            trigger: ".o_data_row:contains('Quick and kind'):contains('Promoter')",
        },
    ],
});

registry.category("web_tour.tours").add("crm_lifecycle_survey_answer", {
    steps: () => [
        {
            content: "Start",
            trigger: "button[value=start]",
            run: "click",
        },
        {
            content: "Would recommend: 8",
            trigger:
                "div.js_question-wrapper:contains('recommend') label:contains('8')",
            run: "click",
        },
        {
            content: "Say why",
            trigger: "div.js_question-wrapper:contains('Why') textarea",
            run: "edit Friendly people",
        },
        {
            content: "Send",
            trigger: "button[value=finish]",
            run: "click",
        },
        {
            content: "Yes, send",
            trigger: ".modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "Thank you",
            trigger: ".o_survey_finished",
        },
    ],
});
