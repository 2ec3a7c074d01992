"""Templates of lifecycles.

A template is a file, not a record: users don't edit it, but the lifecycles created from
it. The file is JSON; see ``data/templates`` for examples. Rules with conditions on a
fact that no installed addon knows are left out, and may be added when the fact is
available (`_add_available_items`). A rule with ``until`` replaces others until the
facts named there are available.
"""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.modules.module import Manifest
from odoo.tools import ormcache

from ..engine import domains
from ..engine.facts import read_facts
from ..engine.templates import (
    SOURCE_LANG,
    ParameterError,
    fill,
    get_parameters,
    get_placeholders,
    read_template,
    write_domain,
)
from ..engine.thresholds import get_share_condition


class CrmLifecycleTemplate(models.AbstractModel):
    """Template of a lifecycle: stages, rules and tags."""

    _name = "crm.lifecycle.template"
    _description = "Lifecycle Template"

    # ------------------------------------------------------------
    # Reading
    # ------------------------------------------------------------

    @api.model
    def _get_paths(self):
        """Extension point: return the template files, relative to the addons path."""
        return [
            f"crm_lifecycle/data/templates/{code}.json"
            for code in (
                "nurture",
                "relationship",
                "service",
                "activity",
                "growth",
                "advocacy",
            )
        ]

    @api.model
    @ormcache()
    def _get_declared_facts(self):
        """Return ``{field: FactInfo}`` of all available addons, installed or not."""
        return read_facts(addon.path for addon in Manifest.all_addon_manifests())

    @api.model
    def _get_fact_origin(self, name):
        """Return what must be installed for a fact, "" if unknown."""
        info = self._get_declared_facts().get(name)
        return self._get_text(info.origin) if info else ""

    @api.model
    def _get_fact_label(self, name):
        """Return the label of a fact, even if its addon is not installed."""
        field = self.env["crm.lifecycle.profile"]._fields.get(name)
        if field:
            return field._description_string(self.env)
        info = self._get_declared_facts().get(name)
        return self._get_text(info.label) if info else name

    @api.model
    def _load(self):
        """Return all templates in order. They are shared: don't change them."""
        templates = [read_template(path) for path in self._get_paths()]
        return sorted(templates, key=lambda item: (item["sequence"], item["code"]))

    @api.model
    def _get_codes(self):
        """Return the codes of all templates, in order."""
        return [template["code"] for template in self._load()]

    @api.model
    def _get(self, code, values=None):
        """Return one template.

        :param values: values of its parameters, by code; defaults for missing ones
        :raises UserError: if there is no template with that code, or a parameter does
            not accept its value
        """
        templates = {template["code"]: template for template in self._load()}
        if code not in templates:
            raise UserError(
                self.env._(
                    "There is no lifecycle template “%(code)s”. Choose one of these: "
                    "%(codes)s.",
                    code=code,
                    codes=", ".join(templates),
                )
            )
        if not values:
            return templates[code]
        try:
            return fill(templates[code]["blank"], values)
        except ParameterError as error:
            raise UserError(self._get_parameter_message(error)) from error

    @api.model
    def _get_for_lifecycle(self, lifecycle):
        """Return the template of a lifecycle, with the values it was created with."""
        return self._get(lifecycle.template_code, lifecycle.template_values)

    @api.model
    def _get_parameters(self, code):
        """Return the parameters of a template that have an effect here.

        Parameters that only occur in rules and tags that are left out are excluded. Of
        two that are compared, both are included or neither. See `engine.templates`.
        """
        template = self._get(code)
        used = set()
        for part in ("rules", "tags"):
            items = zip(template["blank"][part], template[part], strict=True)
            for blank, item in items:
                if self._filter_usable_items([item]):
                    used |= get_placeholders(blank)
        parameters = get_parameters(template["blank"])
        pairs = [
            {item["code"], item["less_than"]}
            for item in parameters
            if "less_than" in item
        ]
        used = used.union(*(pair for pair in pairs if pair & used))
        return [item for item in parameters if "stage" in item or item["code"] in used]

    @api.model
    def _get_share_conditions(self, code, values, as_of):
        """Return ``{parameter: SQL}``, the customers in the stage or tag of each.

        Only of parameters with a ``fit``, see `engine.thresholds`.
        """
        template = self._get(code, values)
        items = [
            {
                **item,
                "domain": domains.parse(write_domain(item["domain"])),
                "placeholders": get_placeholders(blank["domain"]),
            }
            for part in ("rules", "tags")
            for blank, item in zip(template["blank"][part], template[part], strict=True)
            if self._filter_usable_items([item])
        ]
        conditions = {
            parameter["code"]: get_share_condition(
                parameter["code"], parameter["fit"], items, as_of
            )
            for parameter in self._get_parameters(code)
            if "fit" in parameter
        }
        return {code: sql for code, sql in conditions.items() if sql}

    @api.model
    def _get_fit_name(self, code, parameter):
        """Return the name of the stage or tag that a parameter is measured by."""
        fit = parameter.get("fit", {})
        template = self._get(code)
        for part, kind in (("stages", "stage"), ("tags", "tag")):
            for item in template[part]:
                if item["code"] == fit.get(kind):
                    return self._get_text(item["name"])
        return ""

    @api.model
    def _get_parameter_label(self, parameter):
        """Return the label of a parameter, in the user's language."""
        label = self._get_text(parameter["label"])
        if "stage" in parameter:
            return self.env._("Follow up in stage “%(stage)s” after", stage=label)
        return label

    @api.model
    def _get_parameter_message(self, error):
        """Return the message that a parameter does not accept its value."""
        parameter = error.parameter
        label = self._get_parameter_label(parameter)
        if error.problem == "order":
            return self.env._(
                "“%(first)s” has to be less than “%(second)s”. Enter a smaller number "
                "there, or a greater one here.",
                first=label,
                second=self._get_parameter_label(error.other),
            )
        return self.env._(
            "“%(label)s” takes whole numbers from %(minimum)s to %(maximum)s. Enter "
            "one of these.",
            label=label,
            minimum=parameter["min"],
            maximum=parameter["max"],
        )

    @api.model
    def _get_text(self, texts):
        """Return a text of a template in the user's language, or else in English."""
        return texts.get(self.env.lang) or texts[SOURCE_LANG]

    # ------------------------------------------------------------
    # Available facts
    # ------------------------------------------------------------

    @api.model
    def _get_known_facts(self):
        """Return the names of the fields that conditions on customers may use."""
        return set(self.env["crm.lifecycle.profile"]._fields)

    @api.model
    def _get_facts(self, item):
        """Return the facts that a rule or tag uses, each once, in order."""
        paths = domains.fields_of(domains.parse(write_domain(item["domain"])))
        return list(dict.fromkeys(path.split(".")[0] for path in paths))

    @api.model
    def _get_missing_facts(self, item):
        """Return the facts that a rule or tag uses and that are not available."""
        known = self._get_known_facts()
        return [name for name in self._get_facts(item) if name not in known]

    @api.model
    def _is_superseded(self, item):
        """Return whether the rules that an item replaces can be used now."""
        return "until" in item and self._get_known_facts().issuperset(item["until"])

    @api.model
    def _filter_usable_items(self, items):
        """Return the rules or tags that can be used here and are needed."""
        return [
            item
            for item in items
            if not self._is_superseded(item) and not self._get_missing_facts(item)
        ]

    @api.model
    def _get_unavailable_items(self, code):
        """Return ``[(name, [missing facts])]`` of the rules and tags that are left out.

        Names of rules and tags are in the user's language, facts are field names.
        """
        template = self._get(code)
        return [
            (self._get_text(item["name"]), missing)
            for item in [*template["rules"], *template["tags"]]
            if not self._is_superseded(item)
            and (missing := self._get_missing_facts(item))
        ]

    @api.model
    def _get_unavailable_by_origin(self, code):
        """Return ``{what must be installed: [names of rules and tags]}``."""
        left_out = {}
        for name, missing in self._get_unavailable_items(code):
            needed = dict.fromkeys(
                self._get_fact_origin(fact) or fact for fact in missing
            )
            left_out.setdefault(", ".join(needed), []).append(name)
        return left_out
