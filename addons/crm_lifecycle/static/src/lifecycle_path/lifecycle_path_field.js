/**
 * Diagram of the stages of a lifecycle and the moves between them. Pointing at an
 * arrow, or focusing it with the keyboard, shows its rules.
 */
import { Component, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { BOX, layOut } from "./path_layout";

const ARROW_KINDS = {
    free: _t("allowed"),
    fill: _t("fills in stages"),
    decision: _t("needs a decision"),
    refused: _t("refused while a stage is missing"),
};
const KEY_OFFSETS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

export class LifecyclePathField extends Component {
    static template = "crm_lifecycle.LifecyclePathField";
    static props = { ...standardFieldProps };

    setup() {
        this.box = BOX;
        this.root = useRef("root");
        this.state = useState({ hovered: null, focused: null, tabbed: "stage-0" });
    }

    get path() {
        return this.props.record.data[this.props.name] || { stages: [], arrows: [] };
    }

    get layout() {
        return layOut(this.path);
    }

    get title() {
        const { stages, arrows } = this.path;
        return _t("Path of the lifecycle: %(stages)s stages, %(arrows)s ways", {
            stages: stages.length,
            arrows: arrows.length,
        });
    }

    /** Stages, each followed by its outgoing arrows, in keyboard order. */
    get keys() {
        const { stages, arrows } = this.path;
        return stages.flatMap((_stage, place) => [
            `stage-${place}`,
            ...arrows
                .map((arrow, index) => [arrow, index])
                .filter(([arrow]) => arrow.from === place)
                .map(([, index]) => `arrow-${index}`),
        ]);
    }

    get tabbed() {
        return this.keys.includes(this.state.tabbed) ? this.state.tabbed : "stage-0";
    }

    get shown() {
        return this.state.hovered || this.state.focused;
    }

    /** The kinds of arrows that need an explanation. */
    get legend() {
        const kinds = new Set(this.path.arrows.map((arrow) => arrow.kind));
        return Object.keys(ARROW_KINDS)
            .filter((kind) => kind !== "free" && kinds.has(kind))
            .map((kind) => ({ kind, text: ARROW_KINDS[kind] }));
    }

    /** Details of the hovered or focused stage or arrow. */
    get details() {
        if (!this.shown) {
            return null;
        }
        const { stages, arrows } = this.path;
        const [type, index] = this.shown.split("-");
        if (type === "arrow") {
            return arrows[index] && [this.describe(arrows[index])];
        }
        const ways = arrows.filter((arrow) => arrow.from === Number(index));
        return stages[index] && ways.map((arrow) => this.describe(arrow));
    }

    describe(arrow) {
        const { stages } = this.path;
        return {
            title: `${stages[arrow.from].name} → ${stages[arrow.to].name}`,
            rules: arrow.rules,
            note: arrow.note,
        };
    }

    getNumbers({ rules }) {
        const [first, ...more] = rules;
        return more.length ? `${first.number} +${more.length}` : `${first.number}`;
    }

    getArrowLabel(arrow) {
        const { title, rules, note } = this.describe(arrow);
        const names = rules.map(({ number, name }) => `${number}. ${name}`);
        return [`${title}:`, names.join("; "), note].filter(Boolean).join(" ");
    }

    getStageLabel(stage, place) {
        const count = this.path.arrows.filter((arrow) => arrow.from === place).length;
        return _t("%(stage)s (%(category)s), ways out: %(count)s", {
            stage: stage.name,
            category: stage.label,
            count,
        });
    }

    isShown(key) {
        if (!this.shown) {
            return false;
        }
        const [type, place] = this.shown.split("-");
        if (type === "stage") {
            const [keyType, index] = key.split("-");
            return keyType === "arrow"
                ? this.path.arrows[index].from === Number(place)
                : key === this.shown;
        }
        if (key.startsWith("stage")) {
            const arrow = this.path.arrows[place];
            return [`stage-${arrow?.from}`, `stage-${arrow?.to}`].includes(key);
        }
        return key === this.shown;
    }

    onFocus(key) {
        this.state.focused = key;
        this.state.tabbed = key;
    }

    onBlur() {
        this.state.focused = null;
    }

    onKeydown(ev) {
        const { keys } = this;
        const place = keys.indexOf(this.tabbed);
        let next = null;
        if (ev.key in KEY_OFFSETS) {
            next = keys[(place + KEY_OFFSETS[ev.key] + keys.length) % keys.length];
        } else if (ev.key === "Home") {
            next = keys[0];
        } else if (ev.key === "End") {
            next = keys.at(-1);
        }
        if (next) {
            ev.preventDefault();
            ev.stopPropagation();
            this.root.el.querySelector(`[data-key='${next}']`).focus();
        }
    }
}

registry.category("fields").add("lifecycle_path", {
    component: LifecyclePathField,
    displayName: _t("Path of a lifecycle"),
    supportedTypes: ["json"],
});
