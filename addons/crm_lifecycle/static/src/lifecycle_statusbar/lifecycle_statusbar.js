import {
    RottingStatusBarDurationField,
    rottingStatusBarDurationField,
} from "@mail/js/rotting_mixin/rotting_statusbar";
import { registry } from "@web/core/registry";

/**
 * The status bar of a customer. A stage that the lifecycle refuses is not left
 * showing as if the customer were there: Odoo's own bar keeps it as an unsaved edit.
 */
export class LifecycleStatusBarField extends RottingStatusBarDurationField {
    async selectItem(item) {
        try {
            await super.selectItem(item);
        } catch (error) {
            await this.props.record.discard();
            throw error;
        }
    }
}

export const lifecycleStatusBarField = {
    ...rottingStatusBarDurationField,
    component: LifecycleStatusBarField,
    additionalClasses: ["o_field_statusbar"],
};

registry.category("fields").add("lifecycle_statusbar", lifecycleStatusBarField);
