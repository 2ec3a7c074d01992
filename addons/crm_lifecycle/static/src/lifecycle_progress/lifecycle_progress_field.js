import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** Interval at which a visible screen requests the progress, in milliseconds. */
const PACE = 1500;

/**
 * Progress of long work. Polls while the work is running, and reloads the record when
 * it ends. A tab in the background does not poll.
 */
export class LifecycleProgressField extends Component {
    static template = "crm_lifecycle.LifecycleProgressField";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.tasks = useService("lifecycle_task");
        this.state = useState({ progress: 0, text: "" });
        useRecordObserver((record) => this.take(record));
        onMounted(() => this.tellTasks());
        this.timer = browser.setInterval(() => this.ask(), PACE);
        onWillUnmount(() => browser.clearInterval(this.timer));
    }

    get percent() {
        return Math.round(this.state.progress);
    }

    /** Whether the duration of the work is still unknown. */
    get isOpen() {
        return !this.percent;
    }

    take(record) {
        this.state.progress = record.data.progress;
        this.state.text = record.data.progress_text || "";
    }

    /** Refresh the other places that show this work. */
    tellTasks() {
        if (this.props.record.resModel === "crm.lifecycle.task") {
            this.tasks.refresh();
        }
    }

    async ask() {
        const { record } = this.props;
        if (this.asking || !record.resId || !record.data.is_working || document.hidden) {
            return;
        }
        this.asking = true;
        try {
            const [news] = await this.orm.silent.read(
                record.resModel,
                [record.resId],
                ["progress", "progress_text", "is_working", "state"]
            );
            if (!news?.is_working || news.state !== record.data.state) {
                await record.load();
                this.tellTasks();
            } else {
                this.state.progress = news.progress;
                this.state.text = news.progress_text || "";
            }
        } catch {
            // The server may be unreachable for a moment; the next poll catches up.
        } finally {
            this.asking = false;
        }
    }
}

export const lifecycleProgressField = {
    component: LifecycleProgressField,
    displayName: _t("Progress of long work"),
    supportedTypes: ["float"],
    fieldDependencies: [
        { name: "progress_text", type: "char" },
        { name: "is_working", type: "boolean" },
        { name: "state", type: "selection" },
    ],
};

registry.category("fields").add("lifecycle_progress", lifecycleProgressField);
