"""What is exported about a person, for that person or another system to read."""

from datetime import date, datetime

from odoo import fields, models

from odoo.addons.crm_lifecycle.personal_data import get_text
from odoo.addons.crm_lifecycle.profile.formatter import ConditionFormatter
from odoo.addons.crm_lifecycle.profile.overview import Overview


class PersonalDataExport:
    """All that is stored about one customer, and what was computed from it.

    Texts and values are those that people read, in the reader's language.

    :param profile: the customer, with the rights of the superuser
    :param finder: a `Finder` that has found the records of the customer
    """

    def __init__(self, profile, finder):
        self.profile = profile
        self.env = profile.env
        self.finder = finder
        self.sections = self._get_sections()

    @property
    def templates(self):
        """The templates that print rows with a layout of their own."""
        return [model.template for model, _rows in self.sections if model.template]

    @property
    def data(self):
        """The export, of values that JSON can hold."""
        profile = self.profile
        person = profile.partner_id or profile.lead_id
        return {
            "customer": profile.display_name,
            "company": profile.company_id.name,
            "date": fields.Date.context_today(profile),
            "objects_to_profiling_since": person.lifecycle_objection_date or None,
            "lifecycle": profile.lifecycle_id.name or None,
            "stage": profile.stage_id.name or None,
            "stage_since": profile.stage_date or None,
            "salesperson": profile.user_id.name or None,
            "pinned_until": profile.pinned_until or None,
            "held_until": profile.held_until or None,
            "decision": self._get_shown("decision"),
            "note": get_text(profile.note),
            "tags": profile.tag_ids.mapped("name"),
            "facts": self._get_facts(),
            "moves": self._get_moves(),
            "rules": self._get_rules(),
            "playbook": self._get_steps(),
            **self._get_records(),
        }

    def _get_sections(self):
        """Return ``(PersonalModel, rows)`` of the models that are exported."""
        counts = self.finder.get_counts()
        return [
            (model, model.get_rows(self.finder.get_records(model.name)))
            for model in self.finder.models
            if counts.get(model.name, (0, 0))[0] and model.get_exported_names(self.env)
        ]

    def _get_records(self):
        """Return the rows of the models, by the keys of their layouts."""
        result = {"records": []}
        for model, rows in self.sections:
            rows = [row for row in rows if row]
            if model.key != "records":
                result[model.key] = rows
            elif rows:
                title = self.env["ir.model"]._get(model.name).name
                labels = self._get_labels(model, rows)
                result["records"].append(
                    {"title": title, "labels": labels, "rows": rows}
                )
        return result

    def _get_labels(self, model, rows):
        """Return the labels that some of the rows have, in the order of the fields."""
        fields = self.env[model.name]._fields
        order = [
            fields[name]._description_string(self.env)
            for name in model.get_exported_names(self.env)
        ]
        used = dict.fromkeys(label for row in rows for label in row)
        return [label for label in dict.fromkeys([*order, *used]) if label in used]

    def _get_shown(self, name):
        """Return a value formatted for people, None if it is empty."""
        field, value = self.profile._fields[name], self.profile[name]
        if isinstance(value, models.BaseModel):
            return value.display_name or None
        if value is False or value is None:
            return None
        if isinstance(value, (date, datetime)):
            return value.isoformat()
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, value)
        return value

    def _get_facts(self):
        names = dict.fromkeys(self.profile._get_fact_fields())
        known = Overview(self.profile).get_value_reader(names)
        words = ConditionFormatter(self.profile)
        return [
            {
                "fact": self.profile._fields[name]._description_string(self.env),
                "value": known(name) or self._get_shown(name),
                "words": words.format_fact(name),
            }
            for name in names
        ]

    def _get_moves(self):
        """Return each move with why: the rule, and the values that it looked at."""
        origins = dict(
            self.profile.history_ids._fields["origin"]._description_selection(self.env)
        )
        return [
            {
                "date": row.date,
                "from": row.from_stage_id.name or None,
                "to": row.to_stage_id.name,
                "how": origins[row.origin],
                "by": row.user_id.name or None,
                "why": row.explanation or None,
            }
            for row in self.profile.history_ids.sorted("id")
        ]

    def _get_rules(self):
        """Return what the rules are waiting for, as the form tells it."""
        if not self.profile.stage_id:
            return []
        return [
            {
                "rule": item["rule"].name,
                "to": item["stage"].name,
                "holds": item["holds"],
                "date": item["date"],
                "conditions": self.profile._get_json_value(item["conditions"]),
            }
            for item in self.profile._explain()["rules"]
        ]

    def _get_steps(self):
        states = self.env["crm.lifecycle.playbook.log"]._fields["state"]
        labels = dict(states._description_selection(self.env))
        return [
            {
                "date": step.date,
                "step": step.name,
                "state": labels[step.state],
                "reason": step.reason or None,
            }
            for step in self.profile.playbook_log_ids.sorted("id")
        ]
