import { KeepLast } from "@web/core/utils/concurrency";
import { Model } from "@web/model/model";

/** Loads the table of cohorts for the current search and options. */
export class CohortModel extends Model {
    setup({ resModel, options }) {
        this.resModel = resModel;
        this.options = options || {};
        this.keepLast = new KeepLast();
        this.table = null;
    }

    async load({ domain, context }) {
        this.domain = domain;
        this.context = context;
        await this.fetch();
    }

    async fetch() {
        this.table = await this.keepLast.add(
            this.orm.call(
                this.resModel,
                "get_lifecycle_cohorts",
                [this.domain, this.options],
                { context: this.context }
            )
        );
    }

    /** Change the options, and reload. */
    async choose(options) {
        Object.assign(this.options, options);
        await this.fetch();
        this.notify();
    }

    hasData() {
        return this.table.cohorts.length > 0;
    }

    getCellAction(start, index) {
        return this.orm.call(
            this.resModel,
            "get_lifecycle_cohort_action",
            [this.domain, this.options, start, index],
            { context: this.context }
        );
    }
}
