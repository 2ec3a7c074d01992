import { KeepLast } from "@web/core/utils/concurrency";
import { Model } from "@web/model/model";

/** Loads the flows between stages for the current search. */
export class FlowModel extends Model {
    setup({ resModel, options }) {
        this.resModel = resModel;
        this.options = options || {};
        this.keepLast = new KeepLast();
        this.data = null;
    }

    async load({ domain, context }) {
        this.domain = domain;
        this.context = context;
        this.data = await this.keepLast.add(
            this.orm.call(this.resModel, "get_lifecycle_flow", [domain], { context })
        );
    }

    hasData() {
        return this.data.flows.length > 0;
    }

    getFlowAction(stageId, nextStageId) {
        return this.orm.call(
            this.resModel,
            "get_lifecycle_flow_action",
            [this.domain, stageId, nextStageId],
            { context: this.context }
        );
    }
}
