/** Tiers for customers on the portal, and for employees on cards and programs. */
import { registry } from "@web/core/registry";

const tours = registry.category("web_tour.tours");

tours.add("crm_loyalty_portal", {
    steps: () => [
        {
            content: "Open the points from the portal's home",
            trigger: ".o_portal_index_card a[href='/my/loyalty']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The card tells the tier and what is missing",
            trigger: ".o_loyalty_portal_card:contains('Silver') [name=next]:contains('400')",
        },
        {
            content: "Open the card",
            trigger: ".o_loyalty_portal_card a.btn:contains('Details')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The perks are told",
            trigger: "h6:contains('Your perks') + div:contains('Free delivery')",
        },
        {
            content: "What was earned is told",
            trigger: ".o_portal_my_doc_table tr:contains('Earned'):contains('+600')",
        },
        {
            content: "The statement can be loaded",
            trigger: "a.o_loyalty_statement[href$='/statement']",
        },
    ],
});

tours.add("crm_loyalty_bonus", {
    steps: () => [
        {
            content: "The card tells the tier",
            trigger: ".o_field_widget[name=crm_loyalty_tier_id]:contains('Silver')",
        },
        {
            content: "Give a bonus",
            trigger: ".o_statusbar_buttons button[name=action_grant_bonus]",
            run: "click",
        },
        {
            content: "Look for the bonus",
            trigger: ".modal .o_field_widget[name=rule_id] input",
            run: "edit Sorry",
        },
        {
            content: "Choose it",
            trigger: ".o-autocomplete--dropdown-item a:contains('Sorry')",
            run: "click",
        },
        {
            content: "Its points are told",
            trigger: ".modal .o_field_widget[name=points]:contains('25')",
        },
        {
            content: "Give the reason",
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit Late delivery",
        },
        {
            content: "Give it",
            trigger: ".modal button[name=action_grant]",
            run: "click",
        },
        {
            content: "The dialog is gone",
            trigger: "body:not(:has(.modal))",
        },
    ],
});

tours.add("crm_loyalty_preview", {
    steps: () => [
        {
            content: "Open the tiers",
            trigger: ".o_notebook .nav-link[name=tiers]",
            run: "click",
        },
        {
            content: "See who loses a tier",
            trigger: "button[name=action_preview_downgrades]",
            run: "click",
        },
        {
            content: "Nobody does in 30 days; ask for two years",
            trigger: ".o_field_widget[name=days] input",
            run: "edit 800",
        },
        {
            content: "Show them",
            trigger: "button[name=action_refresh]",
            run: "click",
        },
        {
            content: "The customer is told, with the tier that follows",
            trigger: ".o_data_row:contains('Ada'):contains('Silver'):contains('Basic')",
        },
    ],
});
