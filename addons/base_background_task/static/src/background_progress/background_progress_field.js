import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** How often a visible field reads the progress, in milliseconds. */
const INTERVAL = 1500;

/**
 * Progress bar of long work. It reads the progress as long as the work goes on, and
 * reloads the record when the work ends. A hidden browser tab reads nothing.
 */
export class BackgroundProgressField extends Component {
    static template = "base_background_task.BackgroundProgressField";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.tasks = useService("background_task");
        this.state = useState({ progress: 0, text: "" });
        useRecordObserver((record) => this.show(record));
        onMounted(() => this.refreshTasks());
        this.timer = browser.setInterval(() => this.poll(), INTERVAL);
        onWillUnmount(() => browser.clearInterval(this.timer));
    }

    get percent() {
        return Math.round(this.state.progress);
    }

    /** Whether nothing is known yet about how long the work takes. */
    get isUnknown() {
        return !this.percent;
    }

    show(record) {
        this.state.progress = record.data.progress;
        this.state.text = record.data.progress_text || "";
    }

    /** Have the systray show at once what shows here. */
    refreshTasks() {
        if (this.props.record.resModel === "background.task") {
            this.tasks.refresh();
        }
    }

    async poll() {
        const { record } = this.props;
        if (this.isPolling || !record.resId || !record.data.is_working || document.hidden) {
            return;
        }
        this.isPolling = true;
        try {
            const [values] = await this.orm.silent.read(
                record.resModel,
                [record.resId],
                ["progress", "progress_text", "is_working", "state"]
            );
            if (!values?.is_working || values.state !== record.data.state) {
                await record.load();
                this.refreshTasks();
            } else {
                this.state.progress = values.progress;
                this.state.text = values.progress_text || "";
            }
        } catch {
            // The server may be away for a moment: the next poll tries again.
        } finally {
            this.isPolling = false;
        }
    }
}

export const backgroundProgressField = {
    component: BackgroundProgressField,
    displayName: _t("Progress of long work"),
    supportedTypes: ["float"],
    fieldDependencies: [
        { name: "progress_text", type: "char" },
        { name: "is_working", type: "boolean" },
        { name: "state", type: "selection" },
    ],
};

registry.category("fields").add("background_progress", backgroundProgressField);
