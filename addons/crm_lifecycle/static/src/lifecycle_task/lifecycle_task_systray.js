import { Component, useState } from "@odoo/owl";

import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";

/** The user's running work, shown on every screen; hidden if there is none. */
export class LifecycleTaskSystray extends Component {
    static template = "crm_lifecycle.LifecycleTaskSystray";
    static components = { Dropdown, DropdownItem };
    static props = {};

    setup() {
        this.action = useService("action");
        this.state = useState(useService("lifecycle_task").state);
    }

    get percent() {
        return Math.round(this.state.tasks.at(-1)?.progress || 0);
    }

    open(task) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "crm.lifecycle.task",
            res_id: task.id,
            views: [[false, "form"]],
        });
    }
}

registry
    .category("systray")
    .add(
        "crm_lifecycle.LifecycleTaskSystray",
        { Component: LifecycleTaskSystray },
        { sequence: 30 }
    );
