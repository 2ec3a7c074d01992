"""Lifecycles to start from.

A template is a file, not a record: nobody edits it, and what a company makes of
it is its own lifecycle. The file is JSON; see ``data/templates`` for examples.
Rules whose conditions name a fact that no installed addon knows are left out,
and may be added later, when the fact is there (`_add_left_out`). A rule with
``until`` stands in for others until the facts named there are known.
"""

from markupsafe import Markup

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..engine import domains
from ..engine.templates import (
    SOURCE_LANG,
    ParameterError,
    fill,
    get_parameters,
    get_places,
    read_template,
    write_domain,
)

# Distance between sequences, so that people find room in between.
STEP = 10


class CrmLifecycleTemplate(models.AbstractModel):
    """A lifecycle to start from: stages, rules and tags that others work by."""

    _name = "crm.lifecycle.template"
    _description = "Lifecycle Template"

    # ------------------------------------------------------------
    # Reading
    # ------------------------------------------------------------

    @api.model
    def _get_paths(self):
        """Extension point: return the files of the templates, from the addons path."""
        return [
            f"crm_lifecycle/data/templates/{code}.json"
            for code in ("t1", "t2", "t3", "t4a", "t4b", "t5")
        ]

    @api.model
    def _get_fact_origins(self):
        """Extension point: return ``{name: facts}``, what has to be there for which."""
        return {
            self.env._("Sales"): [
                "quotation_count",
                "first_order_date",
                "last_order_date",
                "order_count",
                "order_total",
                "order_total_12m",
                "order_total_prev_12m",
                "average_order_value",
                "order_interval_days",
                "order_trend",
            ],
            self.env._("Invoicing"): [
                "balance_due",
                "overdue_amount",
                "invoiced_total",
                "credit_note_total",
            ],
            self.env._("Service tickets"): [
                "ticket_open_count",
                "ticket_count",
                "ticket_oldest_open_date",
                "ticket_last_date",
                "ticket_last_closed_date",
                "ticket_response_hours",
                "rating_last",
                "rating_last_date",
                "rating_avg",
            ],
            self.env._("Loyalty points"): ["loyalty_points", "loyalty_tier_id"],
        }

    @api.model
    def _load(self):
        """Return all templates in their order. They are shared: don't edit them."""
        templates = [read_template(path) for path in self._get_paths()]
        return sorted(templates, key=lambda item: (item["sequence"], item["code"]))

    @api.model
    def _get_codes(self):
        """Return the codes of all templates, in their order."""
        return [template["code"] for template in self._load()]

    @api.model
    def _get(self, code, values=None):
        """Return one template.

        :param values: of its parameters, by code; the defaults where not given
        :raises UserError: where there is none of that code, or a parameter does
            not take its value
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
    def _get_of(self, lifecycle):
        """Return the template of a lifecycle, with the values it was made with."""
        return self._get(lifecycle.template_code, lifecycle.template_values)

    @api.model
    def _get_parameters(self, code):
        """Return the parameters of a template that are of use here.

        Those that only rules and tags ask for which are left out are not. Of two that
        are compared, both are there or neither. See `engine.templates`.
        """
        template = self._get(code)
        used = set()
        for part in ("rules", "tags"):
            items = zip(template["blank"][part], template[part], strict=True)
            for blank, item in items:
                if self._get_usable([item]):
                    used |= get_places(blank)
        parameters = get_parameters(template["blank"])
        pairs = [
            {item["code"], item["less_than"]}
            for item in parameters
            if "less_than" in item
        ]
        used = used.union(*(pair for pair in pairs if pair & used))
        return [item for item in parameters if "stage" in item or item["code"] in used]

    @api.model
    def _get_parameter_label(self, parameter):
        """Return what a parameter is called, in the user's language."""
        label = self._get_text(parameter["label"])
        if "stage" in parameter:
            return self.env._("Follow up in stage “%(stage)s” after", stage=label)
        return label

    @api.model
    def _get_parameter_message(self, error):
        """Return in words why a parameter does not take its value."""
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
    # What can be computed here
    # ------------------------------------------------------------

    @api.model
    def _get_known_facts(self):
        """Return the names that conditions on customers may use here."""
        return set(self.env["crm.lifecycle.profile"]._fields)

    @api.model
    def _get_facts(self, item):
        """Return the facts that a rule or tag looks at, each once, in order."""
        paths = domains.fields_of(domains.parse(write_domain(item["domain"])))
        return list(dict.fromkeys(path.split(".")[0] for path in paths))

    @api.model
    def _get_missing(self, item):
        """Return the facts that a rule or tag looks at and that are not known."""
        known = self._get_known_facts()
        return [name for name in self._get_facts(item) if name not in known]

    @api.model
    def _is_superseded(self, item):
        """Whether the rules that an item stands in for can be computed by now."""
        return "until" in item and self._get_known_facts().issuperset(item["until"])

    @api.model
    def _get_usable(self, items):
        """Return the rules or tags that can be computed here and are needed."""
        return [
            item
            for item in items
            if not self._is_superseded(item) and not self._get_missing(item)
        ]

    @api.model
    def _get_left_out(self, code):
        """Return ``[(name, [missing facts])]`` of what can't be computed here.

        Names of rules and tags are in the user's language, facts by their field.
        """
        template = self._get(code)
        return [
            (self._get_text(item["name"]), missing)
            for item in [*template["rules"], *template["tags"]]
            if not self._is_superseded(item) and (missing := self._get_missing(item))
        ]

    @api.model
    def _get_left_out_by_origin(self, code):
        """Return ``{what has to be installed: [names of rules and tags]}``."""
        names = {
            fact: origin
            for origin, facts in self._get_fact_origins().items()
            for fact in facts
        }
        left_out = {}
        for name, missing in self._get_left_out(code):
            needed = dict.fromkeys(names.get(fact, fact) for fact in missing)
            left_out.setdefault(", ".join(needed), []).append(name)
        return left_out

    # ------------------------------------------------------------
    # Making a lifecycle
    # ------------------------------------------------------------

    @api.model
    def _instantiate(self, code, company, values=None):
        """Return a new draft lifecycle made from a template.

        English is the source of its texts; the other installed languages that
        the template speaks are written as translations.

        :param company: whose lifecycle it is; empty for all companies
        :param values: of the template's parameters, by code
        """
        template = self._get(code, values)
        english = self.with_context(lang=SOURCE_LANG, mail_create_nolog=True)
        lifecycle = english._build(template, company)
        lifecycle.template_values = values or False
        return lifecycle.with_env(self.env)

    @api.model
    def _build(self, template, company):
        """Create the lifecycle of a template, its stages, rules and tags."""
        lifecycle = self.env["crm.lifecycle"].create(
            self._prepare_lifecycle_values(template, company)
        )
        texts = {"name": template["name"], "description": self._get_about(template)}
        self._translate(lifecycle, [texts])
        stages = self.env["crm.lifecycle.stage"].create(
            [
                self._prepare_stage_values(stage, lifecycle, number * STEP)
                for number, stage in enumerate(template["stages"], start=1)
            ]
        )
        self._translate(stages, template["stages"])
        for part in ("rules", "tags"):
            items = template[part]
            usable = self._get_usable(items)
            sequences = [(items.index(item) + 1) * STEP for item in usable]
            self._create_items(part, lifecycle, usable, sequences)
        return lifecycle

    @api.model
    def _add_left_out(self, lifecycle):
        """Add to a lifecycle what its template has and could not compute before.

        Only what looks at facts of other addons can have been left out. A rule
        takes its place behind the one that is before it in the template; what
        only stood in for it, and was not changed, is archived. What is there
        already, by its English name or by its conditions, is not added again.

        :return: the new rules and the new tags
        """
        lifecycle.ensure_one()
        english = self.with_context(lang=SOURCE_LANG, active_test=False)
        rules, tags = english._complete(lifecycle.with_env(english.env))
        return rules.with_env(self.env), tags.with_env(self.env)

    @api.model
    def _complete(self, lifecycle):
        """Do the work of `_add_left_out` in the language of the templates."""
        template = self._get_of(lifecycle)
        added = []
        for part in ("rules", "tags"):
            addable = self._find_addable(lifecycle, part)
            items = [item for item, _sequence in addable]
            sequences = [sequence for _item, sequence in addable]
            added.append(self._create_items(part, lifecycle, items, sequences))
        self._archive_superseded(lifecycle, template)
        return added

    @api.model
    def _get_addable(self, lifecycle):
        """Return the names of what `_add_left_out` would add to a lifecycle."""
        lifecycle.ensure_one()
        english = self.with_context(lang=SOURCE_LANG, active_test=False)
        return [
            self._get_text(item["name"])
            for part in ("rules", "tags")
            for item, _sequence in english._find_addable(
                lifecycle.with_env(english.env), part
            )
        ]

    @api.model
    def _find_addable(self, lifecycle, part):
        """Return ``[(item, sequence)]`` of what a lifecycle lacks of its template."""
        addable = []
        sequence = 0
        for item in self._get_of(lifecycle)[part]:
            record = self._find(lifecycle, part, item)
            if record:
                sequence = record[0].sequence
            elif self._is_addable(lifecycle, item):
                addable.append((item, sequence))
        return addable

    @api.model
    def _is_addable(self, lifecycle, item):
        """Whether an item can have been left out before and is of use now."""
        Profile = self.env["crm.lifecycle.profile"]
        stages = {*item.get("from", ()), item.get("to")} - {None}
        return (
            bool(self._get_usable([item]))
            and stages.issubset(lifecycle.stage_ids.mapped("code"))
            and any(
                Profile._fields[name]._module != "crm_lifecycle"
                for name in self._get_facts(item)
            )
        )

    @api.model
    def _find(self, lifecycle, part, item):
        """Return the rules or tags of a lifecycle that came of a template's item."""
        if part == "tags":
            return lifecycle.tag_ids.filtered(lambda tag: tag.code == item["code"])
        return lifecycle.rule_ids.filtered(
            lambda rule: (
                rule.name == item["name"][SOURCE_LANG] or self._is_same(rule, item)
            )
        )

    @api.model
    def _is_same(self, rule, item):
        """Whether a rule is still as its template has it."""
        return (
            rule.domain == write_domain(item["domain"])
            and rule.to_stage_id.code == item["to"]
            and set(rule.from_stage_ids.mapped("code")) == set(item["from"])
            and rule.min_days == item["min_days"]
        )

    @api.model
    def _archive_superseded(self, lifecycle, template):
        """Archive what stood in for rules that are there by now."""
        stand_ins = [item for item in template["rules"] if self._is_superseded(item)]
        lifecycle.rule_ids.filtered(
            lambda rule: (
                rule.active and any(self._is_same(rule, item) for item in stand_ins)
            )
        ).write({"active": False})

    @api.model
    def _create_items(self, part, lifecycle, items, sequences):
        """Create the rules or tags of a lifecycle, in all languages."""
        model, prepare = {
            "rules": ("crm.lifecycle.rule", self._prepare_rule_values),
            "tags": ("crm.lifecycle.tag", self._prepare_tag_values),
        }[part]
        records = self.env[model].create(
            [
                prepare(item, lifecycle, sequence)
                for item, sequence in zip(items, sequences, strict=True)
            ]
        )
        self._translate(records, items)
        return records

    @api.model
    def _get_about(self, template):
        """Return the description and the source of a template, by language."""
        return {
            lang: Markup("<p>%s</p><p>%s</p>") % (text, template["source"][lang])
            for lang, text in template["description"].items()
            if lang in template["source"]
        }

    @api.model
    def _prepare_lifecycle_values(self, template, company):
        return {
            "name": template["name"][SOURCE_LANG],
            "description": self._get_about(template)[SOURCE_LANG],
            "company_id": company.id,
            "template_code": template["code"],
            "skip_policy": template["skip_policy"],
            "regress_policy": template["regress_policy"],
        }

    @api.model
    def _prepare_stage_values(self, stage, lifecycle, sequence):
        return {
            "lifecycle_id": lifecycle.id,
            "sequence": sequence,
            "code": stage["code"],
            "category": stage["category"],
            "name": stage["name"][SOURCE_LANG],
            "goal": stage["goal"][SOURCE_LANG],
            "guidance": stage["guidance"][SOURCE_LANG],
            "follow_up_days": stage["follow_up_days"],
            "rotting_threshold_days": stage["rotting_threshold_days"],
            "color": stage["color"],
            "fold": stage["fold"],
        }

    @api.model
    def _prepare_rule_values(self, rule, lifecycle, sequence):
        stages = {stage.code: stage.id for stage in lifecycle.stage_ids}
        return {
            "lifecycle_id": lifecycle.id,
            "sequence": sequence,
            "name": rule["name"][SOURCE_LANG],
            "from_stage_ids": [Command.set([stages[code] for code in rule["from"]])],
            "to_stage_id": stages[rule["to"]],
            "domain": write_domain(rule["domain"]),
            "min_days": rule["min_days"],
        }

    @api.model
    def _prepare_tag_values(self, tag, lifecycle, sequence):
        return {
            "lifecycle_id": lifecycle.id,
            "sequence": sequence,
            "code": tag["code"],
            "name": tag["name"][SOURCE_LANG],
            "color": tag["color"],
            "domain": write_domain(tag["domain"]),
        }

    @api.model
    def _translate(self, records, items):
        """Write the texts of a template's items in the other installed languages."""
        langs = {code for code, _name in self.env["res.lang"].get_installed()}
        langs.discard(SOURCE_LANG)
        for record, item in zip(records, items, strict=True):
            for name, field in record._fields.items():
                if not field.translate or name not in item:
                    continue
                texts = item[name]
                record.update_field_translations(
                    name,
                    {
                        lang: self._get_translation(record, field, texts[lang])
                        for lang in langs.intersection(texts)
                    },
                )

    @api.model
    def _get_translation(self, record, field, text):
        """Return a translation as the field takes it: whole, or term by term.

        HTML is translated by its terms; a template has the same ones, in the
        same order, in each language.
        """
        if not callable(field.translate):
            return text
        terms = field.get_trans_terms(record[field.name])
        return dict(zip(terms, field.get_trans_terms(text), strict=True))
