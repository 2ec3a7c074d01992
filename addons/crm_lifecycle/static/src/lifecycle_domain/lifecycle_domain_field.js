/**
 * Odoo's domain editor for conditions on customers. Dates are shown and edited relative
 * to the day on which a rule is evaluated ("90 days ago"). The web client's own editor
 * supports such dates in ranges only, and shows "Invalid DateTime" if a condition
 * compares with one.
 */
import { Component, useState } from "@odoo/owl";
import { Domain } from "@web/core/domain";
import { DomainSelector } from "@web/core/domain_selector/domain_selector";
import { getDomainDisplayedOperators } from "@web/core/domain_selector/domain_selector_operator_editor";
import { DomainSelectorDialog } from "@web/core/domain_selector_dialog/domain_selector_dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { TreeEditor } from "@web/core/tree_editor/tree_editor";
import { Range } from "@web/core/tree_editor/tree_editor_components";
import { getOperatorEditorInfo } from "@web/core/tree_editor/tree_editor_operator_editor";
import { getValueEditorInfo } from "@web/core/tree_editor/tree_editor_value_editors";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { DomainField, domainField } from "@web/views/fields/domain/domain_field";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { describeRelativeDate, isRelativeDate, RelativeDate } from "./relative_date";

const COMPARISONS = ["=", "!=", "<", "<=", ">", ">="];
const TECHNICAL_FIELDS = /^(activity_|create_|has_message|message_|my_activity_|write_)/;
const DEFAULT_DATE = "today -30d";
const DATE_OPERATORS = {
    "<": _t("before"),
    "<=": _t("on or before"),
    ">": _t("after"),
    ">=": _t("on or after"),
};
const NUMBER_OPERATORS = {
    "<": _t("below"),
    "<=": _t("at most"),
    ">": _t("above"),
    ">=": _t("at least"),
};

function isDate(fieldDef) {
    return ["date", "datetime"].includes(fieldDef?.type);
}

function isNumber(fieldDef) {
    return ["integer", "float", "monetary"].includes(fieldDef?.type);
}

/** Whether a field is a fact about the customer rather than a technical field. */
function isFact({ name, searchable, type }) {
    return searchable && !["json", "separator"].includes(type) && !TECHNICAL_FIELDS.test(name);
}

/** Labels of the comparison operators of a field that differ from Odoo's. */
function getOperatorWords(fieldDef) {
    if (isDate(fieldDef)) {
        return DATE_OPERATORS;
    }
    return isNumber(fieldDef) ? NUMBER_OPERATORS : {};
}

/**
 * Use "set" and "not set" for dates, as for any other field: Odoo's editor offers them
 * for dates, but does not read them back.
 */
function normalizeUnsetDates(node, getFieldDef) {
    if (node.type === "connector") {
        node.children.forEach((child) => normalizeUnsetDates(child, getFieldDef));
    } else if (
        node.type === "condition" &&
        node.value === false &&
        ["=", "!="].includes(node.operator) &&
        isDate(getFieldDef(node.path))
    ) {
        node.operator = node.operator === "=" ? "not set" : "set";
    }
}

/** Wrap Odoo's description of a condition to describe relative dates in words. */
function withRelativeDates(getConditionDescription, getFieldDef) {
    return (node) => {
        const description = getConditionDescription(node);
        const fieldDef = getFieldDef(node.path);
        const words = getOperatorWords(fieldDef);
        if (!node.negate && node.operator in words) {
            description.operatorDescription = words[node.operator];
        }
        if (!isDate(fieldDef) || !description.valueDescription) {
            return description;
        }
        let dates = [node.value].flat();
        if (node.operator === "in range") {
            // The first two values of a range are its type and its kind.
            dates = dates.slice(2);
        }
        const { valueDescription } = description;
        valueDescription.values = valueDescription.values.map((text, index) =>
            isRelativeDate(dates[index]) ? describeRelativeDate(dates[index]) : text,
        );
        return description;
    };
}

export class LifecycleTreeEditor extends TreeEditor {
    async prepareInfo(props) {
        await super.prepareInfo(props);
        if (props.readonly) {
            this.getConditionDescription = withRelativeDates(
                this.getConditionDescription,
                this.getFieldDef,
            );
        }
    }

    getValueEditorInfo(node) {
        const fieldDef = this.getFieldDef(node.path);
        if (!isDate(fieldDef)) {
            return super.getValueEditorInfo(node);
        }
        const date = {
            ...getValueEditorInfo(fieldDef, "="),
            component: RelativeDate,
            extractProps: ({ value, update }) => ({
                value,
                update,
                type: fieldDef.type,
            }),
            isSupported: (value) => typeof value === "string",
            defaultValue: () => DEFAULT_DATE,
        };
        if (COMPARISONS.includes(node.operator)) {
            return date;
        }
        const info = super.getValueEditorInfo(node);
        if (node.operator !== "in range") {
            return info;
        }
        const between = {
            ...getValueEditorInfo(fieldDef, "between"),
            component: Range,
            extractProps: ({ value, update }) => ({ value, update, editorInfo: date }),
            defaultValue: () => [DEFAULT_DATE, "today"],
        };
        return {
            ...info,
            extractProps: (params) => ({
                ...info.extractProps(params),
                betweenEditorInfo: between,
            }),
        };
    }

    async _updatePath(node, path) {
        await super._updatePath(node, path);
        const { fieldDef } = await this.fieldService.loadFieldInfo(
            this.props.resModel,
            path,
        );
        if (isDate(fieldDef)) {
            node.value = DEFAULT_DATE;
        }
    }

    _updateLeafOperator(node, operator, negate) {
        const previous = node.value;
        super._updateLeafOperator(node, operator, negate);
        if (isDate(this.getFieldDef(node.path)) && COMPARISONS.includes(operator)) {
            node.value = typeof previous === "string" ? previous : DEFAULT_DATE;
        }
    }
}
LifecycleTreeEditor.components = {
    ...TreeEditor.components,
    TreeEditor: LifecycleTreeEditor,
};

export class LifecycleDomainSelector extends DomainSelector {
    static components = {
        ...DomainSelector.components,
        TreeEditor: LifecycleTreeEditor,
    };

    async onPropsUpdated(props) {
        await super.onPropsUpdated(props);
        if (this.tree) {
            const getFieldDef = await this.treeProcessor.makeGetFieldDef(
                props.resModel,
                this.tree,
            );
            normalizeUnsetDates(this.tree, getFieldDef);
        }
    }

    getShowArchivedCheckBox() {
        // Runs skip archived customers, whatever the conditions are.
        return false;
    }

    getPathEditorInfo(...args) {
        const info = super.getPathEditorInfo(...args);
        return {
            ...info,
            extractProps: (params) => ({
                ...info.extractProps(params),
                filter: isFact,
            }),
        };
    }

    getDefaultOperator(fieldDef) {
        return isDate(fieldDef) ? "<=" : super.getDefaultOperator(fieldDef);
    }

    getOperatorEditorInfo(fieldDef) {
        const operators = getDomainDisplayedOperators(fieldDef);
        if (isDate(fieldDef) || isNumber(fieldDef)) {
            operators.splice(operators.indexOf(">"), 0, "<=");
            operators.splice(operators.indexOf(">") + 1, 0, ">=");
        }
        const info = getOperatorEditorInfo(operators, fieldDef);
        const words = getOperatorWords(fieldDef);
        return {
            ...info,
            extractProps: (params) => {
                const props = info.extractProps(params);
                return {
                    ...props,
                    options: props.options.map(([key, label]) => [
                        key,
                        words[key] || label,
                    ]),
                };
            },
        };
    }
}

export class LifecycleDomainSelectorDialog extends DomainSelectorDialog {
    static components = {
        ...DomainSelectorDialog.components,
        DomainSelector: LifecycleDomainSelector,
    };
}

export class LifecycleDomainField extends DomainField {
    static components = {
        ...DomainField.components,
        DomainSelector: LifecycleDomainSelector,
    };

    onEditDialogBtnClick() {
        this.addDialog(LifecycleDomainSelectorDialog, {
            title: _t("Conditions"),
            resModel: this.getResModel(),
            domain: this.getDomain(),
            isDebugMode: !!this.env.debug,
            onConfirm: this.update.bind(this),
        });
    }
}

registry.category("fields").add("lifecycle_domain", {
    ...domainField,
    component: LifecycleDomainField,
});

/** Conditions in a list: one sentence, without an editor. */
export class LifecycleDomainSummary extends Component {
    static template = "crm_lifecycle.DomainSummary";
    static props = { ...standardFieldProps, resModel: String };

    setup() {
        this.treeProcessor = useService("tree_processor");
        this.state = useState({ text: "" });
        useRecordObserver(async (record, props) => {
            this.state.text = await this.describe(record.data[props.name] || "[]");
        });
    }

    async describe(text) {
        const { resModel } = this.props;
        let tree;
        try {
            tree = await this.treeProcessor.treeFromDomain(resModel, new Domain(text));
        } catch {
            return text;
        }
        const describeCondition = withRelativeDates(
            await this.treeProcessor.makeGetConditionDescription(resModel, tree),
            await this.treeProcessor.makeGetFieldDef(resModel, tree),
        );
        return this.describeTree(tree, describeCondition);
    }

    describeTree(tree, describeCondition, inner = false) {
        if (tree.type === "connector") {
            const word = tree.value === "&" ? _t("and") : _t("or");
            const text = tree.children
                .map((child) => this.describeTree(child, describeCondition, true))
                .join(` ${word} `);
            return inner && tree.children.length > 1 ? `(${text})` : text;
        }
        if (tree.type !== "condition") {
            return tree.value;
        }
        const { pathDescription, operatorDescription, valueDescription } =
            describeCondition(tree);
        const { values = [], join } = valueDescription || {};
        return [pathDescription, operatorDescription, values.join(` ${join} `)]
            .join(" ")
            .trim();
    }
}

registry.category("fields").add("list.lifecycle_domain", {
    component: LifecycleDomainSummary,
    supportedTypes: ["char", "text"],
    extractProps: ({ options }) => ({ resModel: options.model }),
});
