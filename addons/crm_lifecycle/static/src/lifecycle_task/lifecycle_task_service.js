import { reactive } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { session } from "@web/session";

const MODEL = "crm.lifecycle.task";
/** Interval at which running work is polled, in milliseconds. */
const PACE = 3000;

/**
 * Background work of the user: lists what is running on every screen, and notifies the
 * user when it ends, with a button for the next step. Polls only while work is running.
 */
export const lifecycleTaskService = {
    dependencies: ["bus_service", "notification", "action", "orm"],
    start(env, { bus_service, notification, action, orm }) {
        const state = reactive({ tasks: [] });
        let timer;

        async function refresh() {
            browser.clearTimeout(timer);
            if (!document.hidden) {
                try {
                    state.tasks = await orm.silent.searchRead(
                        MODEL,
                        [
                            ["user_id", "=", user.userId],
                            ["state", "in", ["waiting", "running"]],
                        ],
                        ["name", "progress", "progress_text"]
                    );
                } catch {
                    // The server may be unreachable; the next poll catches up.
                }
            }
            if (state.tasks.length || document.hidden) {
                timer = browser.setTimeout(refresh, PACE);
            }
        }

        const call = async (name, id) =>
            action.doAction(await orm.call(MODEL, name, [[id]]));
        bus_service.subscribe("crm_lifecycle.task_started", refresh);
        bus_service.subscribe("crm_lifecycle.task", (task) => {
            refresh();
            const buttons = [];
            if (task.has_result) {
                buttons.push({
                    name: _t("Show Result"),
                    primary: true,
                    onClick: () => call("action_open_result", task.id),
                });
            }
            if (task.can_start_again) {
                buttons.push({
                    name: _t("Start Again"),
                    primary: true,
                    onClick: () => call("action_start_again", task.id),
                });
            }
            notification.add(task.message, {
                title: task.title,
                type: task.type,
                sticky: task.type !== "info",
                buttons,
            });
        });
        bus_service.start();
        if (session.lifecycle_task_count) {
            refresh();
        }
        return { state, refresh };
    },
};

registry.category("services").add("lifecycle_task", lifecycleTaskService);
