"""Why a customer stands where they do, and what would move them next."""

from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import domains, review


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    explanation = fields.Html(
        string="Why and what next",
        compute="_compute_explanation",
        sanitize=False,  # written by our own template alone
    )

    @api.depends("stage_id", "stage_date", "pinned_until", "decision", "facts_date")
    @api.depends_context("lang")
    def _compute_explanation(self):
        for profile in self:
            profile.explanation = (
                profile._origin.id
                and profile._origin.stage_id
                and self.env["ir.qweb"]._render(
                    "crm_lifecycle.explanation", profile._origin._explain()
                )
            )

    def _explain(self, as_of=None):
        """Return why the customer is in the stage, and what each rule waits for.

        ``{"why": row of the history, "pinned_until": date or False, "rules": […]}``;
        each rule is ``{"rule", "stage", "holds", "date", "days", "conditions"}``:
        whether it would move the customer now, or on which day it will if nothing
        happens meanwhile (None: not by itself), the days in the stage that it waits
        for, and its conditions as a tree of ``{"operator", "children"}`` with leaves
        ``{"text", "value", "holds", "date"}``.
        """
        self.ensure_one()
        as_of = as_of or self.company_id._lifecycle_today()
        # What decides about a customer is told to whoever may see the customer.
        profile = self.sudo()
        rules = profile.lifecycle_id.rule_ids.filtered(profile.stage_id._is_left_by)
        asked = _Questions(profile, as_of)
        trees = [
            asked.about(domains.parse(rule.domain), rule.min_days) for rule in rules
        ]
        asked.answer()
        pinned_until = profile.pinned_until
        if not pinned_until or pinned_until < as_of:
            pinned_until = False
        return {
            "why": profile.history_ids.sorted("id")[-1:],
            "pinned_until": pinned_until,
            "rules": [
                {
                    "rule": rule,
                    "stage": rule.to_stage_id,
                    "days": rule.min_days,
                    "holds": tree["holds"],
                    "date": tree["date"],
                    "conditions": tree["conditions"],
                }
                for rule, tree in zip(rules, trees, strict=True)
            ],
        }

    # ------------------------------------------------------------
    # Words
    # ------------------------------------------------------------

    @api.model
    def _get_condition_text(self, condition):
        """Return a condition in words of the reader's language."""
        path, operator = condition.field_expr, condition.operator
        label, field = self._get_path_label(path)
        kind = self._get_path_type(path)
        value = condition.value
        if value is False and kind != "boolean":
            if operator in ("=", "in"):
                return self.env._("%(field)s: not known", field=label)
            return self.env._("%(field)s: known", field=label)
        return self.env._(
            "%(field)s %(comparison)s",
            field=label,
            comparison=self._get_comparison(
                operator, kind, self._get_value_text(field, kind, value)
            ),
        )

    @api.model
    def _get_path_label(self, path):
        """Return the label of a path, and the field at its end."""
        model, labels, field = self, [], None
        for name in path.split("."):
            field = model._fields[name]
            labels.append(field._description_string(self.env))
            model = self.env[field.comodel_name] if field.relational else None
        return " → ".join(labels), field

    @api.model
    def _get_comparison(self, operator, kind, value):
        """Return how a value is compared, in words."""
        if kind in ("date", "datetime"):
            words = {
                "<": self.env._("before %(value)s", value=value),
                "<=": self.env._("on or before %(value)s", value=value),
                ">": self.env._("after %(value)s", value=value),
                ">=": self.env._("on or after %(value)s", value=value),
                "=": self.env._("on %(value)s", value=value),
                "!=": self.env._("not on %(value)s", value=value),
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
                "ilike": self.env._("contains %(value)s", value=value),
                "not ilike": self.env._("does not contain %(value)s", value=value),
            }
        return words.get(operator, f"{operator} {value}")

    @api.model
    def _get_value_text(self, field, kind, value):
        if isinstance(value, (list, tuple, set, frozenset)):
            return ", ".join(self._get_value_text(field, kind, item) for item in value)
        if kind in ("date", "datetime") and isinstance(value, str):
            return self._get_relative_text(value)
        if kind == "boolean":
            return self.env._("yes") if value else self.env._("no")
        if kind == "selection":
            return dict(field._description_selection(self.env)).get(value, str(value))
        if field.relational and isinstance(value, int):
            # The name of what a rule looks at, as in the rule itself.
            record = self.env[field.comodel_name].sudo().browse(value).exists()
            return record.display_name or str(value)
        return str(value)

    @api.model
    def _get_relative_text(self, value):
        """Return a relative date in words, “90 days ago”."""
        offset = domains.offset_of(value)
        if offset is None:
            return value
        if not offset:
            return self._format_fact_date(fields.Date.to_date(value))
        days, months, _terms = offset
        parts = []
        if months:
            parts.append(self.env._("%(count)s months", count=abs(months)))
        if days:
            parts.append(self.env._("%(count)s days", count=abs(days)))
        if not parts:
            return self.env._("today")
        length = " + ".join(parts)
        if days <= 0 and months <= 0:
            return self.env._("%(length)s ago", length=length)
        return self.env._("%(length)s ahead", length=length)

    @api.model
    def _format_fact_date(self, day):
        return self.env["ir.qweb.field.date"].value_to_html(day, {})

    def _get_fact_text(self, path):
        """Return the value that a condition looks at, in words."""
        self.ensure_one()
        _label, field = self._get_path_label(path)
        record = self
        for name in path.split(".")[:-1]:
            record = record[name]
        value = record[path.split(".")[-1]] if len(record) <= 1 else None
        if isinstance(value, models.BaseModel):
            return ", ".join(value.mapped("display_name")) or self.env._("none")
        if field.type in ("integer", "float", "monetary") and len(record) == 1:
            self.env.flush_all()
            if record == self and self._is_unknown(path):
                return self.env._("not known")
        return self.env["crm.lifecycle.history"]._format_fact(field, value)

    def _is_unknown(self, name):
        """Whether a column is empty: the ORM reads an empty number as 0."""
        if self._get_column_type(name) is None:
            return False
        [[unknown]] = self.env.execute_query(
            SQL(
                "SELECT %s IS NULL FROM crm_lifecycle_profile WHERE id = %s",
                SQL.identifier(name),
                self.id,
            )
        )
        return unknown


class _Questions:
    """What is to be found out about one customer, asked in one query."""

    def __init__(self, profile, as_of):
        self.profile = profile
        self.as_of = as_of
        self.query = profile._search(Domain("id", "=", profile.id))
        self.columns = []
        self.answers = {}
        self.pending = []

    def about(self, domain, min_days=0):
        """Ask about a rule. Return its tree, complete once `answer` was called."""
        tree = {"conditions": self._grow(domain)}
        self._wait_for(tree, domain, self._get_start(min_days))
        return tree

    def answer(self):
        """Ask the database, and complete what was asked about."""
        if self.columns:
            [row] = self.profile.env.execute_query(self.query.select(*self.columns))
            self.answers = dict(enumerate(row))
        for answer, now, later in self.pending:
            answer["holds"] = bool(self.answers.get(now))
            answer["date"] = None
            if not answer["holds"]:
                answer["date"] = next(
                    (day for day, column in later if self.answers.get(column)), None
                )

    def _get_start(self, min_days):
        """Return the first day on which a rule may move the customer."""
        start = self.as_of
        if min_days:
            start = max(start, self.profile.stage_date + timedelta(days=min_days))
        if self.profile.pinned_until:
            start = max(start, self.profile.pinned_until + timedelta(days=1))
        return start

    def _ask(self, domain, day):
        """Add a question; return the number of its answer."""
        Profile = self.profile
        condition = Profile._get_condition_sql(
            Profile._resolve_facts(domain, day), self.query
        )
        self.columns.append(SQL("COALESCE(%s, FALSE)", condition))
        return len(self.columns) - 1

    def _get_days(self, domain, start):
        """Return the days to come on which the domain may turn, in order."""
        days = {start}
        for condition in domain.iter_conditions():
            for turn in review.turns_of(condition, self.profile._get_column_type) or ():
                days |= set(turn_days(turn, self.profile[turn.column]))
        return sorted(day for day in days if day >= start and day > self.as_of)

    def _grow(self, domain):
        """Return the tree of a domain, in words."""
        branches = domains.branches_of(domain)
        if branches:
            operator, children = branches
            return {"operator": operator, "children": list(map(self._grow, children))}
        leaf = {
            "text": self.profile._get_condition_text(domain),
            "value": self.profile._get_fact_text(domain.field_expr),
        }
        self._wait_for(leaf, domain, self.as_of)
        return leaf

    def _wait_for(self, answer, domain, start):
        """Complete ``answer`` by whether a domain holds, or when it will."""
        now = self._ask(domain, self.as_of) if start <= self.as_of else None
        later = [(day, self._ask(domain, day)) for day in self._get_days(domain, start)]
        self.pending.append((answer, now, later))


def turn_days(turn, value) -> list[date]:
    """Return the days on which a condition on a date value may change sides."""
    if not value:
        return []
    day = fields.Date.to_date(value) + relativedelta(months=turn.months, days=turn.days)
    return [day + timedelta(days=shift) for shift in range(-turn.slack, turn.slack + 2)]
