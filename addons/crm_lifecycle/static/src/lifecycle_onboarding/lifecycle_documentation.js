/** Link to the documentation that comes with the addon, in the user's language. */
import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

export function getDocumentationUrl() {
    const language = user.lang.startsWith("zh") ? "zh_CN" : "en";
    return `/crm_lifecycle/static/doc/${language}.html`;
}

export class LifecycleDocumentation extends Component {
    static template = "crm_lifecycle.LifecycleDocumentation";
    static props = { ...standardWidgetProps };

    get url() {
        return getDocumentationUrl();
    }
}

registry
    .category("view_widgets")
    .add("lifecycle_documentation", { component: LifecycleDocumentation });
