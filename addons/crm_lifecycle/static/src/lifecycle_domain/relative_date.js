import { Component } from "@odoo/owl";
import { DateTimeInput } from "@web/core/datetime/datetime_input";
import {
    deserializeDate,
    deserializeDateTime,
    serializeDate,
    serializeDateTime,
} from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";

const { DateTime } = luxon;

const RELATIVE = /^(today|now)?(\s*[-+=]\w+)*$/;
const SIMPLE = /^today\s*([-+])(\d+)([dwmy])$/;
const UNITS = { d: "day", w: "week", m: "month", y: "year" };

const MODES = {
    "-d": _t("days ago"),
    "-w": _t("weeks ago"),
    "-m": _t("months ago"),
    "-y": _t("years ago"),
    today: _t("today"),
    "+d": _t("days ahead"),
    "+w": _t("weeks ahead"),
    "+m": _t("months ahead"),
    "+y": _t("years ahead"),
    fixed: _t("fixed date"),
    other: _t("other"),
};

/**
 * Whether a value of a domain is a date relative to the day of evaluation, such as
 * "today -90d" (see odoo.tools.date_utils.parse_date).
 */
export function isRelativeDate(value) {
    return typeof value === "string" && value !== "" && RELATIVE.test(value);
}

/** Describe a relative date in the user's language: "90 days ago". */
export function describeRelativeDate(value) {
    if (value === "today") {
        return _t("today").toString();
    }
    const match = SIMPLE.exec(value);
    if (!match) {
        return value;
    }
    const [, sign, amount, unit] = match;
    const format = new Intl.RelativeTimeFormat(user.lang || "en", {
        numeric: "always",
    });
    return format.format(Number(sign + amount), UNITS[unit]);
}

/** Editor for a date in a condition, as a number and a unit: "[90] [days ago]". */
export class RelativeDate extends Component {
    static template = "crm_lifecycle.RelativeDate";
    static components = { DateTimeInput };
    static props = ["value", "update", "type"];

    get mode() {
        const { value } = this.props;
        if (!isRelativeDate(value)) {
            return "fixed";
        }
        if (value === "today") {
            return "today";
        }
        const match = SIMPLE.exec(value);
        return match ? match[1] + match[3] : "other";
    }

    get modes() {
        const keys = Object.keys(MODES);
        return keys
            .filter((key) => key !== "other" || this.mode === "other")
            .map((key) => [key, MODES[key]]);
    }

    get amount() {
        const match = SIMPLE.exec(this.props.value);
        return match ? Number(match[2]) : 30;
    }

    get hasAmount() {
        return this.mode.length === 2;
    }

    get fixedDateProps() {
        const { type, value, update } = this.props;
        const isDate = type === "date";
        const date = (isDate ? deserializeDate : deserializeDateTime)(value);
        return {
            type,
            value: date.isValid ? date : false,
            onApply: (date) =>
                update(
                    (isDate ? serializeDate : serializeDateTime)(date || this.today),
                ),
        };
    }

    get today() {
        return DateTime.local().startOf("day");
    }

    updateMode(mode) {
        if (mode === "fixed") {
            const serialize =
                this.props.type === "date" ? serializeDate : serializeDateTime;
            this.props.update(serialize(this.today));
        } else if (mode === "today") {
            this.props.update("today");
        } else if (mode !== "other") {
            this.props.update(this.format(mode, this.amount));
        }
    }

    updateAmount(amount) {
        amount = Math.trunc(Number(amount));
        if (amount > 0) {
            this.props.update(this.format(this.mode, amount));
        } else {
            this.props.update("today");
        }
    }

    format([sign, unit], amount) {
        return `today ${sign}${amount}${unit}`;
    }
}
