"""Creating lifecycles from templates, and completing them later."""

from markupsafe import Markup

from odoo import api, models
from odoo.fields import Command

from ..engine.templates import (
    SOURCE_LANG,
    write_domain,
)

# Distance between sequences, to leave room for new records.
SEQUENCE_GAP = 10


class CrmLifecycleTemplate(models.AbstractModel):
    _inherit = "crm.lifecycle.template"

    @api.model
    def _instantiate(self, code, company, values=None):
        """Return a new draft lifecycle created from a template.

        English is the source language of its texts; the texts of the template in other
        installed languages are written as translations.

        :param company: the company of the lifecycle; empty for all companies
        :param values: values of the template's parameters, by code
        """
        template = self._get(code, values)
        english = self.with_context(lang=SOURCE_LANG, mail_create_nolog=True)
        lifecycle = english._create_from_template(template, company)
        lifecycle.template_values = values or False
        return lifecycle.with_env(self.env)

    @api.model
    def _create_from_template(self, template, company):
        """Create the lifecycle of a template, with its stages, rules and tags."""
        lifecycle = self.env["crm.lifecycle"].create(
            self._prepare_lifecycle_values(template, company)
        )
        texts = {
            "name": template["name"],
            "description": self._get_description(template),
        }
        self._translate(lifecycle, [texts])
        stages = self.env["crm.lifecycle.stage"].create(
            [
                self._prepare_stage_values(stage, lifecycle, number * SEQUENCE_GAP)
                for number, stage in enumerate(template["stages"], start=1)
            ]
        )
        self._translate(stages, template["stages"])
        for part in ("rules", "tags"):
            items = template[part]
            usable = self._filter_usable_items(items)
            sequences = [(items.index(item) + 1) * SEQUENCE_GAP for item in usable]
            self._create_items(part, lifecycle, usable, sequences)
        return lifecycle

    @api.model
    def _add_available_items(self, lifecycle):
        """Add the rules and tags of a template that could not be used before.

        Only items that use facts of other addons can have been left out. A rule is
        placed after the one that precedes it in the template. A rule that only replaced
        it, and was not changed, is archived. Items that are already there, by English
        name or by conditions, are not added again.

        :return: the new rules and the new tags
        """
        lifecycle.ensure_one()
        english = self.with_context(lang=SOURCE_LANG, active_test=False)
        rules, tags = english._add_missing_items(lifecycle.with_env(english.env))
        return rules.with_env(self.env), tags.with_env(self.env)

    @api.model
    def _add_missing_items(self, lifecycle):
        """Do the work of `_add_available_items` in the language of the templates."""
        template = self._get_for_lifecycle(lifecycle)
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
        """Return the names of the items that `_add_available_items` would add."""
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
        """Return ``[(item, sequence)]`` of the items that a lifecycle lacks."""
        addable = []
        sequence = 0
        for item in self._get_for_lifecycle(lifecycle)[part]:
            record = self._find(lifecycle, part, item)
            if record:
                sequence = record[0].sequence
            elif self._is_addable(lifecycle, item):
                addable.append((item, sequence))
        return addable

    @api.model
    def _is_addable(self, lifecycle, item):
        """Return whether an item may have been left out before and can be used now."""
        Profile = self.env["crm.lifecycle.profile"]
        return (
            bool(self._filter_usable_items([item]))
            and self._has_stages(lifecycle, item)
            and any(
                Profile._fields[name]._module != "crm_lifecycle"
                for name in self._get_facts(item)
            )
        )

    @api.model
    def _has_stages(self, lifecycle, item):
        """Return whether a lifecycle has the stages that a rule leads between.

        Of several stages that it leads from, one is enough.
        """
        codes = set(lifecycle.stage_ids.mapped("code"))
        return (
            "to" not in item
            or item["to"] in codes
            and (not item["from"] or not codes.isdisjoint(item["from"]))
        )

    @api.model
    def _find(self, lifecycle, part, item):
        """Return the rules or tags of a lifecycle that were created from an item."""
        if part == "tags":
            return lifecycle.tag_ids.filtered(lambda tag: tag.code == item["code"])
        return lifecycle.rule_ids.filtered(
            lambda rule: (
                rule.name == item["name"][SOURCE_LANG] or self._is_same(rule, item)
            )
        )

    @api.model
    def _is_same(self, rule, item):
        """Return whether a rule is unchanged since its creation from the template.

        Stages that the lifecycle lacks don't count: it may be older than a stage of the
        template.
        """
        stages = set(rule.lifecycle_id.stage_ids.mapped("code"))
        return (
            rule.domain == write_domain(item["domain"])
            and rule.to_stage_id.code == item["to"]
            and set(rule.from_stage_ids.mapped("code")) == stages & set(item["from"])
            and rule.min_days == item["min_days"]
        )

    @api.model
    def _archive_superseded(self, lifecycle, template):
        """Archive rules that only replaced others which are available now."""
        substitutes = [item for item in template["rules"] if self._is_superseded(item)]
        lifecycle.rule_ids.filtered(
            lambda rule: (
                rule.active and any(self._is_same(rule, item) for item in substitutes)
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
    def _get_description(self, template):
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
            "description": self._get_description(template)[SOURCE_LANG],
            "company_id": company.id,
            "template_code": template["code"],
            "skip_policy": template["skip_policy"],
            "regress_policy": template["regress_policy"],
            "silence_days": template.get("silence_days", 0),
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
            "from_stage_ids": [
                Command.set([stages[code] for code in rule["from"] if code in stages])
            ],
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
            "is_warning": tag.get("is_warning", False),
            "domain": write_domain(tag["domain"]),
        }

    @api.model
    def _translate(self, records, items):
        """Write the texts of template items in the other installed languages."""
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
        """Return a translation in the format of the field: as a whole, or by term.

        HTML is translated by terms; a template has the same terms, in the same order,
        in each language.
        """
        if not callable(field.translate):
            return text
        terms = field.get_trans_terms(record[field.name])
        return dict(zip(terms, field.get_trans_terms(text), strict=True))
