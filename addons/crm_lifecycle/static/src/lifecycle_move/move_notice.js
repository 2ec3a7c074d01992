import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

const MODEL = "crm.lifecycle.profile";
const PIN_ACTION = "crm_lifecycle.crm_lifecycle_profile_pin_action";

/** Show which rules would move customers away again, with a button to pin them. */
export function showMoveNotice({ action, notification }, { message, profile_ids }) {
    const close = notification.add(message, {
        type: "warning",
        sticky: true,
        className: "o_lifecycle_move_notice",
        buttons: [
            {
                name: _t("Pin"),
                primary: true,
                onClick: () => {
                    close();
                    action.doAction(PIN_ACTION, {
                        additionalContext: {
                            active_model: MODEL,
                            active_id: profile_ids[0],
                            active_ids: profile_ids,
                        },
                    });
                },
            },
        ],
    });
}

/** After a move by hand, notify of rules that would move the customer away again. */
export async function notifyOfMove(services, resId) {
    const notice = await services.orm.call(MODEL, "get_move_notice", [[resId]]);
    if (notice) {
        showMoveNotice(services, notice);
    }
}

/** Client action: the same for moves by a dialog; it continues with another action. */
function moveNoticeAction(env, { params }) {
    showMoveNotice(env.services, params);
    return params.next;
}

registry.category("actions").add("lifecycle_move_notice", moveNoticeAction);
