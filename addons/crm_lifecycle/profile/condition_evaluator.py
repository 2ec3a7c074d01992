"""Questions about one customer, answered in one query."""

from datetime import date

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..access import find_unreadable
from ..engine import bounds, domains, review
from ..models.crm_lifecycle_profile_condition import QUERY_ERRORS
from .formatter import ConditionFormatter


class ConditionEvaluator:
    """Collects questions about one customer and answers them in one query."""

    def __init__(self, profile, as_of, since=None):
        self.profile = profile
        self.words = ConditionFormatter(profile)
        self.as_of = as_of
        self.since = since
        self.query = profile._search(Domain("id", "=", profile.id))
        self.columns = []
        self.answers = {}
        self.pending = []
        self.items = []

    def add_item(self, item, min_days=0):
        """Add a question about a rule or lifecycle. Return its tree, see `add`."""
        try:
            item._get_domain(self.as_of)
        except ValidationError as error:
            # The addon of a fact may have been uninstalled meanwhile.
            return self._get_error_tree(error)
        first = len(self.columns)
        tree = self.add(domains.parse(item.domain), min_days)
        self.items.append((item, tree, range(first, len(self.columns))))
        return tree

    def _get_error_tree(self, error):
        """Return the tree of conditions that can't be evaluated."""
        tree = {"start": self.as_of, "error": str(error), "conditions": {}}
        return {**tree, "holds": False, "date": None}

    def add(self, domain, min_days=0):
        """Add conditions to evaluate. Return their tree; `execute` completes it."""
        tree = {"start": self._get_min_days_end(min_days), "error": ""}
        tree["conditions"] = self._build_tree(domain)
        self._add_pending(tree, domain, self._get_start(tree["start"]))
        return tree

    def execute(self):
        """Query the database, and complete the trees."""
        faults = {}
        if self.columns:
            try:
                row = self._fetch(self.columns)
            except QUERY_ERRORS:
                row = [self._fetch_alone(n, faults) for n in range(len(self.columns))]
            self.answers = dict(enumerate(row))
        for answer, now, later in self.pending:
            answer["holds"] = bool(self.answers.get(now))
            answer["date"] = None
            if not answer["holds"]:
                answer["date"] = next(
                    (day for day, column in later if self.answers.get(column)), None
                )
        for item, tree, columns in self.items:
            fault = next((faults[n] for n in columns if n in faults), None)
            if fault:
                error = self.profile._make_conditions_error(item._get_label(), fault)
                tree |= self._get_error_tree(error)

    def _fetch(self, columns):
        cr = self.profile.env.cr
        with cr.savepoint(flush=False):
            [row] = self.profile.env.execute_query(self.query.select(*columns))
        return row

    def _fetch_alone(self, number, faults):
        """Return one answer; record in ``faults`` if the database can't give it."""
        try:
            return self._fetch([self.columns[number]])[0]
        except QUERY_ERRORS as error:
            faults[number] = error
            return None

    def _get_min_days_end(self, min_days):
        """Return the first day on which the customer was in the stage long enough."""
        return bounds.shift(self.since or self.as_of, days=min_days)

    def _get_start(self, min_days_end):
        """Return the first day on which a rule may move the customer."""
        start = max(self.as_of, min_days_end)
        if self.profile.pinned_until:
            start = max(start, bounds.shift(self.profile.pinned_until, days=1))
        if self.profile.held_until:
            start = max(start, self.profile.held_until)
        return start

    def _add_column(self, domain, day):
        """Add a question; return the number of its answer."""
        try:
            resolved = self.profile._resolve_facts(domain, day)
        except domains.DomainError:
            resolved = Domain.FALSE  # the date is out of bounds
        self.columns.append(self._get_column(resolved))
        return len(self.columns) - 1

    def _get_column(self, domain):
        condition = self.profile._get_condition_sql(domain, self.query)
        return SQL("COALESCE(%s, FALSE)", condition)

    def _get_days(self, domain, start):
        """Return the future days on which the domain may change, in order."""
        days = {start}
        for condition in domain.iter_conditions():
            for trigger in (
                review.get_date_triggers(condition, self.profile._get_column_type) or ()
            ):
                days |= set(get_trigger_dates(trigger, self.profile[trigger.column]))
        return sorted(day for day in days if day >= start and day > self.as_of)

    def _build_tree(self, domain):
        """Return the tree of a domain, in words.

        Odoo's domains push negations down to the conditions. A hidden condition also
        hides whether it holds, and the result of every group that contains it.
        """
        operator, children = domains.branches_of(domain) or (None, [domain])
        if operator in ("&", "|"):
            nodes = list(map(self._build_tree, children))
            is_hidden = any(node["is_hidden"] for node in nodes)
            node = {"operator": operator, "children": nodes, "is_hidden": is_hidden}
        else:
            [condition] = children
            text = self.words.format_condition(condition)
            if operator == "!":
                text = self.profile.env._("not: %(condition)s", condition=text)
            value = self.words.format_fact(condition.field_expr)
            is_hidden = bool(find_unreadable(self.profile, condition))
            node = {"text": text, "value": value, "is_hidden": is_hidden}
        self._add_pending(node, domain, self.as_of)
        return node

    def _add_pending(self, answer, domain, start):
        """Complete ``answer`` with whether a domain holds, or when it will."""
        now = self._add_column(domain, self.as_of) if start <= self.as_of else None
        later = [
            (day, self._add_column(domain, day))
            for day in self._get_days(domain, start)
        ]
        self.pending.append((answer, now, later))


def get_trigger_dates(trigger, value) -> list[date]:
    """Return the days on which a condition on a date value may change its result."""
    if not value:
        return []
    day = bounds.shift(fields.Date.to_date(value), trigger.days, trigger.months)
    return [
        bounds.shift(day, days=days)
        for days in range(-trigger.slack, trigger.slack + 2)
    ]
