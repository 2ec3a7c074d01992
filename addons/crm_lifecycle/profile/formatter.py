"""Conditions and facts in words."""

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL

from ..access import as_reader, can_read_record, find_unreadable
from ..engine import domains


class ConditionFormatter:
    """Describes conditions on profiles, and their facts, in the reader's language.

    What the reader may not read is not shown.
    """

    def __init__(self, profile):
        self.profile = profile  # empty if no fact of a customer is needed
        self.env = profile.env

    def format_condition(self, condition, model=None):
        """Return a condition in words of the reader's language.

        A condition on a field that the reader may not read is not shown.

        :param model: the model of the fields, by default the profile
        """
        model = self.profile if model is None else model
        if find_unreadable(model, condition):
            return self.env._("a condition that you may not see")
        path, operator = condition.field_expr, condition.operator
        label, field = self.get_label(path, model)
        value = condition.value
        if operator in ("any", "not any"):
            words = self.format_domain(Domain(value), self.env[field.comodel_name])
            if operator.startswith("not"):
                return self.env._(
                    "%(field)s: none with %(conditions)s", field=label, conditions=words
                )
            return self.env._(
                "%(field)s: one with %(conditions)s", field=label, conditions=words
            )
        field_type = field.type
        if value is False and field_type != "boolean":
            if operator in ("=", "in"):
                return self.env._("%(field)s: not known", field=label)
            return self.env._("%(field)s: known", field=label)
        return self.env._(
            "%(field)s %(comparison)s",
            field=label,
            comparison=self._get_comparison(
                operator, field_type, self._get_value(field, field_type, value)
            ),
        )

    def format_domain(self, domain, model):
        """Return conditions on the records of a model in one line of words."""
        branches = domains.branches_of(domain)
        if not branches:
            return self.format_condition(domain, model)
        operator, children = branches
        words = [self.format_domain(child, model) for child in children]
        if operator == "!":
            return self.env._("not: %(condition)s", condition=words[0])
        joint = self.env._(" and ") if operator == "&" else self.env._(" or ")
        return joint.join(words)

    def get_label(self, path, model=None):
        """Return the label of a path, and the field at its end."""
        model = self.profile if model is None else model
        labels, field = [], None
        for name in path.split("."):
            if model is None:  # a part of a date, such as its month
                labels.append(name)
                continue
            field = model._fields[name]
            labels.append(field._description_string(self.env))
            model = self.env[field.comodel_name] if field.relational else None
        return " → ".join(labels), field

    def _get_comparison(self, operator, field_type, value):
        """Return how a value is compared, in words."""
        if field_type in ("date", "datetime"):
            words = {
                "<": self.env._("before %(value)s", value=value),
                "<=": self.env._("on or before %(value)s", value=value),
                ">": self.env._("after %(value)s", value=value),
                ">=": self.env._("on or after %(value)s", value=value),
                "=": self.env._("on %(value)s", value=value),
                "!=": self.env._("not on %(value)s", value=value),
                "in": self.env._("on one of: %(value)s", value=value),
                "not in": self.env._("on none of: %(value)s", value=value),
            }
        else:
            words = {
                "<": self.env._("less than %(value)s", value=value),
                "<=": self.env._("at most %(value)s", value=value),
                ">": self.env._("more than %(value)s", value=value),
                ">=": self.env._("at least %(value)s", value=value),
                "=": self.env._("is %(value)s", value=value),
                "!=": self.env._("is not %(value)s", value=value),
                "in": self.env._("is one of: %(value)s", value=value),
                "not in": self.env._("is none of: %(value)s", value=value),
                "like": self.env._("contains %(value)s", value=value),
                "ilike": self.env._("contains %(value)s", value=value),
                "not like": self.env._("does not contain %(value)s", value=value),
                "not ilike": self.env._("does not contain %(value)s", value=value),
                "=like": self.env._("is like %(value)s", value=value),
                "=ilike": self.env._("is like %(value)s", value=value),
                "child_of": self.env._("is %(value)s or below it", value=value),
                "parent_of": self.env._("is %(value)s or above it", value=value),
            }
        return words.get(operator, f"{operator} {value}")

    def _get_value(self, field, field_type, value):
        if isinstance(value, (list, tuple, set, frozenset)):
            return ", ".join(self._get_value(field, field_type, item) for item in value)
        if value is False and field_type != "boolean":
            return self.env._("not known")
        if field_type in ("date", "datetime") and isinstance(value, str):
            return self.format_relative_date(value)
        if field_type == "boolean":
            return self.env._("yes") if value else self.env._("no")
        if field_type == "selection":
            return dict(field._description_selection(self.env)).get(value, str(value))
        if field.relational and isinstance(value, int):
            record = self.env[field.comodel_name].browse(value).exists()
            if record and can_read_record(record):
                return record.display_name or str(value)
        return str(value)

    def format_relative_date(self, value):
        """Return a relative date in words, such as “90 days ago”."""
        offset = domains.offset_of(value)
        if offset is None:
            return value
        if not offset:
            return self.format_date(fields.Date.to_date(value))
        days, months, _terms = offset
        parts = []
        if abs(months) == 1:
            parts.append(self.env._("1 month"))
        elif months:
            parts.append(self.env._("%(count)s months", count=abs(months)))
        if abs(days) == 1:
            parts.append(self.env._("1 day"))
        elif days:
            parts.append(self.env._("%(count)s days", count=abs(days)))
        if not parts:
            return self.env._("today")
        length = " + ".join(parts)
        if days <= 0 and months <= 0:
            return self.env._("%(length)s ago", length=length)
        return self.env._("%(length)s ahead", length=length)

    def format_date(self, day):
        return self.env["ir.qweb.field.date"].value_to_html(day, {})

    def format_fact(self, path):
        """Return the value that a condition looks at, in words.

        The value is read with the access rights of the reader to the customer, and to
        the records on the path.
        """
        self.profile.ensure_one()
        _label, field = self.get_label(path)
        if find_unreadable(self.profile, Domain(path, "!=", False)):
            return self.env._("hidden")
        *way, name = path.split(".")
        records = as_reader(self.profile)
        for step in way:
            if step == field.name and not field.relational:
                get_part = field.expression_getter(f"{step}.{name}")
                parts = (get_part(record) for record in records)
                return ", ".join(str(part) for part in parts if part)
            records = records[step]._filtered_access("read")
        if field.relational:
            names = records[name]._filtered_access("read").mapped("display_name")
            return ", ".join(filter(None, names)) or self.env._("none")
        if field.type in ("integer", "float", "monetary") and records == self.profile:
            self.env.flush_all()
            if self._is_unknown(path):
                return self.env._("not known")
        format_fact = self.env["crm.lifecycle.history"]._format_fact
        if field.type == "boolean":
            words = [self._get_value(field, "boolean", r[name]) for r in records]
        else:
            words = [format_fact(field, record[name]) for record in records]
        return ", ".join(dict.fromkeys(words)) or self.env._("none")

    def _is_unknown(self, name):
        """Return whether a column is NULL; the ORM reads an empty number as 0."""
        if self.profile._get_column_type(name) is None:
            return False
        [[unknown]] = self.env.execute_query(
            SQL(
                "SELECT %s IS NULL FROM crm_lifecycle_profile WHERE id = %s",
                SQL.identifier(name),
                self.profile.id,
            )
        )
        return unknown
