import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

/**
 * Tells whoever started long work that it has ended, wherever they are by then, with
 * the next step at hand.
 */
export const lifecycleTaskService = {
    dependencies: ["bus_service", "notification", "action", "orm"],
    start(env, { bus_service, notification, action, orm }) {
        const call = async (name, id) =>
            action.doAction(await orm.call("crm.lifecycle.task", name, [[id]]));
        bus_service.subscribe("crm_lifecycle.task", (task) => {
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
    },
};

registry.category("services").add("lifecycle_task", lifecycleTaskService);
