/** First steps, shown as long as no lifecycle is active. */
import { Component, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { getDocumentationUrl } from "./lifecycle_documentation";

export class LifecycleOnboarding extends Component {
    static template = "crm_lifecycle.LifecycleOnboarding";
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        this.state = useState({ isManager: false });
        onWillStart(async () => {
            this.state.isManager = await user.hasGroup("sales_team.group_sale_manager");
        });
    }

    get documentationUrl() {
        return getDocumentationUrl();
    }

    get steps() {
        return [
            {
                icon: "fa-map-signs",
                title: _t("Choose a template"),
                text: _t("Well-known lifecycles, from first contact to won back."),
            },
            {
                icon: "fa-sliders",
                title: _t("Adjust the thresholds"),
                text: _t("From when on a customer is silent, loyal or lost."),
            },
            {
                icon: "fa-search",
                title: _t("See what it would do"),
                text: _t("On your own customers, by name, with nothing written."),
            },
            {
                icon: "fa-history",
                title: _t("Activate, with the past"),
                text: _t("Each customer gets the history that they would have had."),
            },
        ];
    }

    start() {
        this.action.doAction("crm_lifecycle.crm_lifecycle_start_action");
    }

    showCustomers() {
        this.action.doAction("crm_lifecycle.crm_lifecycle_profile_action", {
            clearBreadcrumbs: true,
        });
    }
}

registry.category("actions").add("crm_lifecycle.onboarding", LifecycleOnboarding);
