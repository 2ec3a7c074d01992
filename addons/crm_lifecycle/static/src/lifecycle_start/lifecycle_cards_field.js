/** Lifecycle templates as cards, each with its stages drawn as a path. */
import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

export class LifecycleCardsField extends Component {
    static template = "crm_lifecycle.LifecycleCardsField";
    static props = { ...standardFieldProps };

    get cards() {
        return this.props.record.data.template_cards || [];
    }

    get chosen() {
        return this.props.record.data[this.props.name];
    }

    choose(card) {
        if (!this.props.readonly) {
            this.props.record.update({ [this.props.name]: card.code });
        }
    }
}

export const lifecycleCardsField = {
    component: LifecycleCardsField,
    supportedTypes: ["selection"],
    fieldDependencies: [{ name: "template_cards", type: "json" }],
};

registry.category("fields").add("lifecycle_cards", lifecycleCardsField);
