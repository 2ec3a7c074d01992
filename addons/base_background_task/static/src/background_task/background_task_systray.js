import { Component, useState } from "@odoo/owl";

import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";

/** The user's open tasks, on every screen; hidden without any. */
export class BackgroundTaskSystray extends Component {
    static template = "base_background_task.BackgroundTaskSystray";
    static components = { Dropdown, DropdownItem };
    static props = {};

    setup() {
        this.action = useService("action");
        this.state = useState(useService("background_task").state);
    }

    get percent() {
        return Math.round(this.state.tasks.at(-1)?.progress || 0);
    }

    open(task) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "background.task",
            res_id: task.id,
            views: [[false, "form"]],
        });
    }
}

registry
    .category("systray")
    .add(
        "base_background_task.BackgroundTaskSystray",
        { Component: BackgroundTaskSystray },
        { sequence: 30 }
    );
