import { Component, useState } from "@odoo/owl";
import { deserializeDate, deserializeDateTime, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { formatFloat, formatInteger, formatMonetary } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const MODEL = "crm.lifecycle.profile";
/** Number of events that a click on “Show more” adds. */
const PAGE = 20;

/** Compare a number with that of the year before; null if they can't be compared. */
export function compare(value, previous) {
    if (value === false || previous === false) {
        return null;
    }
    if (!previous) {
        return value
            ? { icon: "fa-arrow-up", style: "text-success", text: _t("new") }
            : null;
    }
    // A year with more returns than purchases is no base for a percentage.
    if (previous < 0) {
        return null;
    }
    const percent = Math.round((value / previous - 1) * 100);
    if (!percent) {
        return { icon: "fa-arrow-right", style: "text-muted", text: "0 %" };
    }
    return percent > 0
        ? { icon: "fa-arrow-up", style: "text-success", text: `+${percent} %` }
        : { icon: "fa-arrow-down", style: "text-danger", text: `${percent} %` };
}

/**
 * Overview of a customer, on the form of any record that belongs to them: their place
 * among the stages, the facts with their trend, and the timeline. On a page of a
 * notebook, it loads nothing before the page is opened.
 */
export class LifecycleOverview extends Component {
    static template = "crm_lifecycle.Overview";
    static props = {
        ...standardWidgetProps,
        short: { type: Boolean, optional: true },
    };
    static defaultProps = { short: false };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ overview: null, events: [], more: false, kinds: [] });
        useRecordObserver((record) => {
            // The record was saved or replaced, so the overview may have changed.
            const { data } = record;
            const key = JSON.stringify([
                record.resId,
                ...["stage_id", "lifecycle_stage_id"].map((name) => data[name]?.id),
                ...["follow_up_date", "pinned_until", "held_until"].map((name) => data[name] || ""),
            ]);
            if (key !== this.key) {
                this.key = key;
                return this.load(record);
            }
        });
    }

    async load(record) {
        this.resModel = record.resModel;
        this.resId = record.resId;
        this.limit = PAGE;
        const overview =
            this.resId &&
            (await this.orm.call(MODEL, "get_overview", [this.resModel, this.resId], {
                short: this.props.short,
                context: user.context,
            }));
        Object.assign(this.state, {
            overview,
            events: overview ? overview.events : [],
            more: overview ? overview.more : false,
            kinds: [],
        });
    }

    async loadEvents() {
        const answer = await this.orm.call(
            MODEL,
            "get_timeline",
            [this.resModel, this.resId],
            { kinds: [...this.state.kinds], limit: this.limit, context: user.context }
        );
        this.state.events = answer.events;
        this.state.more = answer.more;
    }

    /** Show only events of this kind, or those of all kinds again. */
    async toggleKind(kind) {
        this.state.kinds = this.state.kinds.includes(kind) ? [] : [kind];
        this.limit = PAGE;
        await this.loadEvents();
    }

    async showMore() {
        this.limit += PAGE;
        await this.loadEvents();
    }

    open(event) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: event.res_model,
            res_id: event.res_id,
            views: [[false, "form"]],
        });
    }

    openProfile() {
        this.open({ res_model: MODEL, res_id: this.state.overview.id });
    }

    get icons() {
        return this.state.overview.icons;
    }

    get knownFacts() {
        return this.state.overview.facts.filter((fact) => fact.value !== false);
    }

    /** The labels of facts without a value, such as the rating if none was given. */
    get unknownFacts() {
        return this.state.overview.facts
            .filter((fact) => fact.value === false)
            .map((fact) => fact.label)
            .join(" · ");
    }

    get isOwnForm() {
        return this.resModel === MODEL;
    }

    // ------------------------------------------------------------
    // Texts
    // ------------------------------------------------------------

    formatDay(value) {
        return value ? formatDate(deserializeDate(value)) : "";
    }

    formatMoment(event) {
        return formatDate(deserializeDateTime(event.moment));
    }

    formatDays(days) {
        return days === 1 ? _t("1 day") : _t("%s days", days);
    }

    formatValue(fact, value = fact.value) {
        if (value === false) {
            return "—";
        }
        switch (fact.type) {
            case "date":
                return this.formatDay(value);
            case "monetary":
                return formatMonetary(value, { currencyId: fact.currency_id });
            case "float":
                return formatFloat(value, { digits: [16, 1] });
            case "integer":
                return formatInteger(value);
        }
        return value;
    }

    formatBefore(fact) {
        return _t("before: %s", this.formatValue(fact, fact.previous));
    }

    formatAmount(event) {
        return formatMonetary(event.amount, {
            currencyId: event.currency_id || undefined,
        });
    }

    trend(value, previous) {
        return compare(value, previous);
    }

    stageTitle(stage) {
        if (!stage.visits) {
            return _t("Not been here yet");
        }
        const lines = [_t("Entered: %s", this.formatDay(stage.entered))];
        if (stage.exited) {
            lines.push(_t("Exited: %s", this.formatDay(stage.exited)));
        }
        lines.push(_t("Visits: %s", stage.visits));
        lines.push(_t("In all: %s", this.formatDays(stage.days)));
        return lines.join("\n");
    }

    stageClass(stage) {
        if (stage.is_current) {
            return `o_current o_category_${stage.category}`;
        }
        return stage.visits ? "o_visited" : "o_ahead";
    }

    get since() {
        return _t("since %s", this.formatDay(this.state.overview.since));
    }

    get healthStyle() {
        const styles = { good: "success", watch: "warning", at_risk: "danger" };
        return `text-bg-${styles[this.state.overview.health]}`;
    }

    get followUp() {
        const { follow_up, follow_up_days: days } = this.state.overview;
        if (!follow_up) {
            return null;
        }
        const date = this.formatDay(follow_up);
        if (days < 0) {
            return {
                style: "text-bg-danger",
                text: _t("%(date)s, %(days)s overdue", {
                    date,
                    days: this.formatDays(-days),
                }),
            };
        }
        if (!days) {
            return { style: "text-bg-warning", text: _t("Today") };
        }
        return {
            style: "o_lifecycle_later",
            text: _t("%(date)s, in %(days)s", { date, days: this.formatDays(days) }),
        };
    }
}

export const lifecycleOverview = {
    component: LifecycleOverview,
    extractProps: ({ attrs }) => ({ short: attrs.short === "1" }),
};

registry.category("view_widgets").add("lifecycle_overview", lifecycleOverview);
