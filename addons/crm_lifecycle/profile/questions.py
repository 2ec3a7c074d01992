"""Questions about one customer, answered in one query."""

from datetime import date

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..access import find_unreadable
from ..engine import bounds, domains, review
from ..models.crm_lifecycle_condition import UNANSWERED
from .words import Words


class Questions:
    """Collects questions about one customer and answers them in one query."""

    def __init__(self, profile, as_of, since=None):
        self.profile = profile
        self.words = Words(profile)
        self.as_of = as_of
        self.since = since
        self.query = profile._search(Domain("id", "=", profile.id))
        self.columns = []
        self.answers = {}
        self.pending = []
        self.items = []

    def about_item(self, item, min_days=0):
        """Add a question about a rule or lifecycle. Return its tree, see `about`."""
        try:
            item._get_domain(self.as_of)
        except ValidationError as error:
            # The addon of a fact may have been uninstalled meanwhile.
            return self._get_faulty(error)
        first = len(self.columns)
        tree = self.about(domains.parse(item.domain), min_days)
        self.items.append((item, tree, range(first, len(self.columns))))
        return tree

    def _get_faulty(self, error):
        """Return the tree of conditions that can't be evaluated."""
        tree = {"start": self.as_of, "error": str(error), "conditions": {}}
        return {**tree, "holds": False, "date": None}

    def about(self, domain, min_days=0):
        """Add a question about conditions. Return their tree; `answer` completes it."""
        tree = {"start": self._get_stay_end(min_days), "error": ""}
        tree["conditions"] = self._grow(domain)
        self._wait_for(tree, domain, self._get_start(tree["start"]))
        return tree

    def answer(self):
        """Query the database, and complete the trees."""
        faults = {}
        if self.columns:
            try:
                row = self._fetch(self.columns)
            except UNANSWERED:
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
                error = self.profile._get_unusable(item._get_label(), fault)
                tree |= self._get_faulty(error)

    def _fetch(self, columns):
        cr = self.profile.env.cr
        with cr.savepoint(flush=False):
            [row] = self.profile.env.execute_query(self.query.select(*columns))
        return row

    def _fetch_alone(self, number, faults):
        """Return one answer; record in ``faults`` if the database can't give it."""
        try:
            return self._fetch([self.columns[number]])[0]
        except UNANSWERED as error:
            faults[number] = error
            return None

    def _get_stay_end(self, min_days):
        """Return the first day on which the customer was in the stage long enough."""
        return bounds.shift(self.since or self.as_of, days=min_days)

    def _get_start(self, stay_end):
        """Return the first day on which a rule may move the customer."""
        start = max(self.as_of, stay_end)
        if self.profile.pinned_until:
            start = max(start, bounds.shift(self.profile.pinned_until, days=1))
        return start

    def _ask(self, domain, day):
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
            for turn in review.turns_of(condition, self.profile._get_column_type) or ():
                days |= set(turn_days(turn, self.profile[turn.column]))
        return sorted(day for day in days if day >= start and day > self.as_of)

    def _grow(self, domain):
        """Return the tree of a domain, in words.

        Odoo's domains push negations down to the conditions. A hidden condition also
        hides whether it holds, and the result of every group that contains it.
        """
        operator, children = domains.branches_of(domain) or (None, [domain])
        if operator in ("&", "|"):
            nodes = list(map(self._grow, children))
            is_hidden = any(node["is_hidden"] for node in nodes)
            node = {"operator": operator, "children": nodes, "is_hidden": is_hidden}
        else:
            [condition] = children
            text = self.words.get_condition(condition)
            if operator == "!":
                text = self.profile.env._("not: %(condition)s", condition=text)
            value = self.words.get_fact(condition.field_expr)
            is_hidden = bool(find_unreadable(self.profile, condition))
            node = {"text": text, "value": value, "is_hidden": is_hidden}
        self._wait_for(node, domain, self.as_of)
        return node

    def _wait_for(self, answer, domain, start):
        """Complete ``answer`` with whether a domain holds, or when it will."""
        now = self._ask(domain, self.as_of) if start <= self.as_of else None
        later = [(day, self._ask(domain, day)) for day in self._get_days(domain, start)]
        self.pending.append((answer, now, later))


def turn_days(turn, value) -> list[date]:
    """Return the days on which a condition on a date value may change its result."""
    if not value:
        return []
    day = bounds.shift(fields.Date.to_date(value), turn.days, turn.months)
    return [bounds.shift(day, days=days) for days in range(-turn.slack, turn.slack + 2)]
