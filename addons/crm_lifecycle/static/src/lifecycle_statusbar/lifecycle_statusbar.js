import {
    RottingStatusBarDurationField,
    rottingStatusBarDurationField,
} from "@mail/js/rotting_mixin/rotting_statusbar";
import { registry } from "@web/core/registry";
import { notifyOfMove } from "../lifecycle_move/move_notice";

/**
 * Status bar of a customer. If the lifecycle refuses a stage, the bar shows the old
 * stage again; Odoo's own bar keeps the refused one as an unsaved edit. After a move,
 * it notifies of rules that would move the customer away again.
 */
export class LifecycleStatusBarField extends RottingStatusBarDurationField {
    async selectItem(item) {
        try {
            await super.selectItem(item);
        } catch (error) {
            await this.props.record.discard();
            throw error;
        }
        const { record } = this.props;
        if (record.resId && !record.dirty) {
            await notifyOfMove(this.env.services, record.resId);
        }
    }
}

export const lifecycleStatusBarField = {
    ...rottingStatusBarDurationField,
    component: LifecycleStatusBarField,
    additionalClasses: ["o_field_statusbar"],
};

registry.category("fields").add("lifecycle_statusbar", lifecycleStatusBarField);
