import { KeepLast } from "@web/core/utils/concurrency";
import { Model } from "@web/model/model";

/** Asks for the table of cohorts, by what is searched for and chosen. */
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

    /** Ask another question about the same rows. */
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
