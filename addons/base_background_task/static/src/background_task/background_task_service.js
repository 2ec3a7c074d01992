import { reactive } from "@odoo/owl";

import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { session } from "@web/session";

const MODEL = "background.task";
/** How often the open tasks are read, in milliseconds. */
const INTERVAL = 3000;

/**
 * The open tasks of the user, and a notification when one of them ends, with buttons for
 * the next step. Without open tasks it reads nothing.
 */
export const backgroundTaskService = {
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
                    // The server may be away for a moment: the next poll tries again.
                }
            }
            if (state.tasks.length || document.hidden) {
                timer = browser.setTimeout(refresh, INTERVAL);
            }
        }

        const call = async (name, id) =>
            action.doAction(await orm.call(MODEL, name, [[id]]));
        bus_service.subscribe("background_task/started", refresh);
        bus_service.subscribe("background_task/finished", (task) => {
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
        if (session.background_task_count) {
            refresh();
        }
        return { state, refresh };
    },
};

registry.category("services").add("background_task", backgroundTaskService);
