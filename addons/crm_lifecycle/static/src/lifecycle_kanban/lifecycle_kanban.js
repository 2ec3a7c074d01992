import { rottingKanbanView } from "@mail/js/rotting_mixin/rotting_kanban_view";
import { registry } from "@web/core/registry";
import { RelationalModel } from "@web/model/relational_model/relational_model";
import { notifyOfMove } from "../lifecycle_move/move_notice";

class LifecycleDynamicGroupList extends RelationalModel.DynamicGroupList {
    /** After a customer is dragged to another stage, notify of what rules would do. */
    async moveRecord(dataRecordId) {
        const record = this.records.find((item) => item.id === dataRecordId);
        const stageBefore = record?.data.stage_id?.id;
        await super.moveRecord(...arguments);
        if (record && record.data.stage_id?.id !== stageBefore) {
            await notifyOfMove(this.model, record.resId);
        }
    }
}

/** Board of customers: dragging a card is a move by hand. */
export class LifecycleKanbanModel extends RelationalModel {
    static DynamicGroupList = LifecycleDynamicGroupList;
}

registry.category("views").add("lifecycle_kanban", {
    ...rottingKanbanView,
    Model: LifecycleKanbanModel,
});
