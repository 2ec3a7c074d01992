"""Why a customer stands where they do, and what would move them next."""

from datetime import date

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..access import find_unreadable
from ..engine import bounds, domains, review
from .crm_lifecycle_condition import UNANSWERED


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    explanation = fields.Html(
        string="Why and what next",
        compute="_compute_explanation",
        sanitize=False,  # written by our own template alone
    )

    @api.depends("stage_id", "stage_date", "pinned_until", "decision", "facts_date")
    @api.depends_context("lang", "uid")
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

        ``{"why": row of the history, "pinned_until": date or False, "stopped":
        why no rule moves the customer at all, or "", "goes_to": the lifecycle
        that takes the customer over with the next run, or an empty one,
        "rules": as of `_explain_rules`}``.
        """
        self.ensure_one()
        as_of = as_of or self.company_id._lifecycle_today()
        # What decides about a customer is told to whoever may see the customer.
        profile = self.sudo()
        rules = profile.lifecycle_id.rule_ids.filtered(profile.stage_id._is_left_by)
        pinned_until = profile._get_pin(as_of)
        stopped = profile._get_stopped()
        return {
            "why": profile.history_ids.filtered(lambda row: not row.is_voided).sorted(
                "id"
            )[-1:],
            "pinned_until": pinned_until,
            "stopped": stopped,
            "goes_to": profile.env["crm.lifecycle"]
            if pinned_until or stopped
            else profile._get_taker(as_of) - profile.lifecycle_id,
            "rules": profile._explain_rules(rules, as_of),
        }

    def _explain_rules(self, rules, as_of, *, stage=None):
        """Return what rules say of the customer on a day, asked in one query.

        ``rules`` are in their order, and need not be saved, nor be of a lifecycle
        that runs. Each is ``{"rule", "stage", "holds", "date", "days", "days_date",
        "refused", "through", "after", "is_back", "error", "conditions"}``: whether it
        would move the customer now, or on which day it will if nothing happens
        meanwhile (None: not by itself); the days in the stage that it waits for, and
        the day on which they are over; why the lifecycle refuses the move, or ""; the
        stages that it leads through; the rule before it that holds as well and
        so comes first; whether it waits for tomorrow, since the customer has left
        the stage today; why its conditions can't be used, or ""; and they as a tree
        of ``{"operator", "holds", "date", "children"}`` with leaves ``{"text",
        "value", "holds", "date"}``, both with ``"is_hidden"`` where the reader may
        not read what they look at.

        :param stage: ask as if the customer were entering this stage on the day
        """
        self.ensure_one()
        if self.is_objecting:
            return []
        asked = _Questions(self, as_of, since=as_of if stage else self.stage_date)
        trees = [asked.about_item(rule, rule.min_days) for rule in rules]
        asked.answer()
        stage = stage or self.stage_id
        policies = self._explain_policy(rules.to_stage_id, stage)
        left_today = self._get_left_today(as_of)
        first = rules.browse()
        explained = []
        for rule, tree in zip(rules, trees, strict=True):
            refused, through = policies.get(rule.to_stage_id, ("", []))
            explained.append(
                {
                    "rule": rule,
                    "stage": rule.to_stage_id,
                    "days": rule.min_days,
                    "days_date": tree["start"] if rule.min_days else None,
                    "holds": tree["holds"],
                    "date": tree["date"],
                    "refused": refused,
                    "through": through,
                    "after": first if tree["holds"] else rules.browse(),
                    "is_back": rule.to_stage_id.id in left_today,
                    "error": tree["error"],
                    "conditions": tree["conditions"],
                }
            )
            if tree["holds"] and not first:
                first = rule
        return explained

    def _get_pin(self, as_of):
        """Return the day up to which no rule moves the customer, False if none."""
        pinned_until = self.pinned_until
        return pinned_until if pinned_until and pinned_until >= as_of else False

    def _get_test_notes(self, as_of):
        """Return what keeps rules from moving the customer, whatever they say."""
        notes = []
        if not self.active or self.is_objecting:
            notes.append(self._get_stopped())
        if self._get_pin(as_of):
            notes.append(
                self.env._(
                    "Pinned: no rule moves this customer up to and including %(day)s.",
                    day=self._format_fact_date(self.pinned_until),
                )
            )
        return notes

    def _get_stopped(self):
        """Return why no rule moves the customer, whatever happens, or ""."""
        if self.is_objecting:
            return self.env._(
                "This customer objects to profiling. No rule moves them; staff may."
            )
        if not self.active:
            return self.env._(
                "This customer is archived, or has no lead, order or other document "
                "any more. Runs leave them alone."
            )
        if self.lifecycle_id.state != "active":
            return self.env._(
                "The lifecycle “%(lifecycle)s” is not active. Its rules move nobody.",
                lifecycle=self.lifecycle_id.name,
            )
        return ""

    def _get_taker(self, as_of):
        """Return the lifecycle that the next run leaves or puts the customer in."""
        lifecycles = self.env["crm.lifecycle"]._get_active(self.company_id)
        first = lifecycles[:1]
        if first == self.lifecycle_id and first.domain in (False, "", "[]"):
            return first  # it takes everybody
        asked = _Questions(self, as_of)
        answers = [(lifecycle, asked.about_item(lifecycle)) for lifecycle in lifecycles]
        asked.answer()
        for lifecycle, answer in answers:
            if answer["error"]:
                break  # it leaves everybody where they are
            if answer["holds"]:
                return lifecycle
        return self.lifecycle_id

    def _explain_taking(self, lifecycle, as_of):
        """Return whether a lifecycle takes the customer, as `_Questions.about` does."""
        asked = _Questions(self, as_of)
        taking = asked.about_item(lifecycle)
        asked.answer()
        return taking

    def _explain_policy(self, targets, stage):
        """Return ``{target: (why a rule's move there is refused, names between)}``.

        Asked as the one writer asks; see `_get_refused`.
        """
        answers = {}
        same = stage == self.stage_id
        for target in targets:
            origin = target._origin or target
            if not same or origin.lifecycle_id != self.lifecycle_id:
                answers[target] = ("", [])
                continue
            refused = self._get_refused(origin).get(self, "")
            through = []
            if origin.lifecycle_id.skip_policy == "fill" and not refused:
                missing = self._get_missing(origin).get(self.id, ())
                names = {item.id: item.name for item in origin.lifecycle_id.stage_ids}
                through = [names[step.id] for step in missing if step.id != stage.id]
            answers[target] = (refused, through)
        return answers

    def _get_left_today(self, as_of):
        """Return ids of stages that a rule took the customer out of on the day.

        A run does not move them back there on that day while their facts are
        the same.
        """
        return {
            row.from_stage_id.id
            for row in self.history_ids
            if row.date == as_of
            and row.origin == "rule"
            and row.create_date
            and self.facts_date
            and row.create_date >= self.facts_date
        }


class _Questions:
    """What is to be found out about one customer, asked in one query."""

    def __init__(self, profile, as_of, since=None):
        self.profile = profile
        self.as_of = as_of
        self.since = since
        self.query = profile._search(Domain("id", "=", profile.id))
        self.columns = []
        self.answers = {}
        self.pending = []
        self.items = []

    def about_item(self, item, min_days=0):
        """Ask about a rule or lifecycle. Return its tree, see `about`."""
        try:
            item._get_domain(self.as_of)
        except ValidationError as error:
            # An addon that knew a fact may be gone since it was written.
            return self._get_faulty(error)
        first = len(self.columns)
        tree = self.about(domains.parse(item.domain), min_days)
        self.items.append((item, tree, range(first, len(self.columns))))
        return tree

    def _get_faulty(self, error):
        """Return the tree of conditions that can't be used."""
        tree = {"start": self.as_of, "error": str(error), "conditions": {}}
        return {**tree, "holds": False, "date": None}

    def about(self, domain, min_days=0):
        """Ask about conditions. Return their tree, to be completed by `answer`."""
        tree = {"start": self._get_stay_end(min_days), "error": ""}
        tree["conditions"] = self._grow(domain)
        self._wait_for(tree, domain, self._get_start(tree["start"]))
        return tree

    def answer(self):
        """Ask the database, and complete what was asked about."""
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
        """Return one answer; note in ``faults`` that the database has none."""
        try:
            return self._fetch([self.columns[number]])[0]
        except UNANSWERED as error:
            faults[number] = error
            return None

    def _get_stay_end(self, min_days):
        """Return the day from which the customer was in the stage long enough."""
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
            resolved = Domain.FALSE  # not in a time that anybody sees
        self.columns.append(self._get_column(resolved))
        return len(self.columns) - 1

    def _get_column(self, domain):
        condition = self.profile._get_condition_sql(domain, self.query)
        return SQL("COALESCE(%s, FALSE)", condition)

    def _get_days(self, domain, start):
        """Return the days to come on which the domain may turn, in order."""
        days = {start}
        for condition in domain.iter_conditions():
            for turn in review.turns_of(condition, self.profile._get_column_type) or ():
                days |= set(turn_days(turn, self.profile[turn.column]))
        return sorted(day for day in days if day >= start and day > self.as_of)

    def _grow(self, domain):
        """Return the tree of a domain, in words.

        Odoo's domains carry a negation down to the conditions. Whether a condition
        holds is hidden with it, and so is the answer of all that it is part of.
        """
        operator, children = domains.branches_of(domain) or (None, [domain])
        if operator in ("&", "|"):
            nodes = list(map(self._grow, children))
            is_hidden = any(node["is_hidden"] for node in nodes)
            node = {"operator": operator, "children": nodes, "is_hidden": is_hidden}
        else:
            [condition] = children
            text = self.profile._get_condition_text(condition)
            if operator == "!":
                text = self.profile.env._("not: %(condition)s", condition=text)
            value = self.profile._get_fact_text(condition.field_expr)
            is_hidden = bool(find_unreadable(self.profile, condition))
            node = {"text": text, "value": value, "is_hidden": is_hidden}
        self._wait_for(node, domain, self.as_of)
        return node

    def _wait_for(self, answer, domain, start):
        """Complete ``answer`` by whether a domain holds, or when it will."""
        now = self._ask(domain, self.as_of) if start <= self.as_of else None
        later = [(day, self._ask(domain, day)) for day in self._get_days(domain, start)]
        self.pending.append((answer, now, later))


def turn_days(turn, value) -> list[date]:
    """Return the days on which a condition on a date value may change sides."""
    if not value:
        return []
    day = bounds.shift(fields.Date.to_date(value), turn.days, turn.months)
    return [bounds.shift(day, days=days) for days in range(-turn.slack, turn.slack + 2)]
