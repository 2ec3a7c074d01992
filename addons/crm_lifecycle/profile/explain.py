"""Why a customer is in a stage, and what would move them next."""

from ..run.outlook import Outlook
from .condition_evaluator import ConditionEvaluator
from .formatter import ConditionFormatter
from .move_notice import format_hold


class Explanation:
    """Explains what decides about one customer on a day.

    It reads with the access rights of ``profile``; what the reader may not read is
    hidden.
    """

    def __init__(self, profile, as_of):
        self.profile = profile
        self.as_of = as_of
        self.env = profile.env

    def get(self):
        """Return the whole explanation, see `crm.lifecycle.profile._explain`."""
        profile = self.profile
        rules = profile.lifecycle_id.rule_ids.filtered(profile.stage_id._can_leave_by)
        history = profile.history_ids.filtered(lambda row: not row.is_voided)
        pinned_until = self._get_pin()
        held_until = self._get_hold()
        next_move = self.get_held_move()
        stopped = self._get_stop_reason()
        return {
            "why": history.sorted("id")[-1:],
            "pinned_until": pinned_until,
            "held_until": held_until,
            "next_move": next_move,
            "hold": format_hold(self.env, held_until, next_move) if held_until else "",
            "stopped": stopped,
            "goes_to": self.env["crm.lifecycle"]
            if pinned_until or held_until or stopped
            else self._get_next_lifecycle() - profile.lifecycle_id,
            "rules": self.explain_rules(rules),
        }

    def explain_rules(self, rules, *, stage=None):
        """Return what rules say about the customer on the day, in one query.

        ``rules`` are in their order; they may be unsaved, or of a lifecycle that is not
        active. Each result is a dictionary:

        - ``rule``, ``stage``: the rule, and the stage that it leads to
        - ``holds``: whether the rule would move the customer now
        - ``date``: the day on which it will if nothing else happens; None: never
        - ``days``, ``days_date``: the days in the stage that it waits for, and their
          end
        - ``refused``: why the lifecycle refuses the move, or ""
        - ``through``: the stages that the move passes through
        - ``after``: the earlier rule that holds as well, and so comes first
        - ``is_back``: whether it waits until tomorrow, since the customer has left the
          stage today
        - ``error``: why its conditions can't be used, or ""
        - ``conditions``: a tree of ``{"operator", "holds", "date", "children"}`` with
          leaves ``{"text", "value", "holds", "date"}``; both have ``"is_hidden"`` if
          the reader may not read the fields

        :param stage: evaluate as if the customer entered this stage on the day
        """
        profile, as_of = self.profile, self.as_of
        if profile.is_objecting:
            return []
        evaluator = ConditionEvaluator(
            profile, as_of, since=as_of if stage else profile.stage_date
        )
        trees = [evaluator.add_item(rule, rule.min_days) for rule in rules]
        evaluator.execute()
        stage = stage or profile.stage_id
        policies = self._explain_policy(rules.to_stage_id, stage)
        left_today = self._get_left_today()
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

    def _get_pin(self):
        """Return the last day on which the customer is pinned, False if not pinned."""
        pinned_until = self.profile.pinned_until
        return pinned_until if pinned_until and pinned_until >= self.as_of else False

    def _get_hold(self):
        """Return the day on which the hold of the stage ends, False if not held."""
        held_until = self.profile.held_until
        return held_until if held_until and held_until > self.as_of else False

    def get_held_move(self):
        """Return the `OutlookMove` that waits for the end of the hold, if any."""
        held_until = self._get_hold()
        if not held_until:
            return None
        outlook = Outlook(self.profile.company_id, held_until)
        return outlook.get_moves(self.profile).get(self.profile.id)

    def get_notes(self):
        """Return notes about what prevents rules from moving the customer."""
        notes = []
        if not self.profile.active or self.profile.is_objecting:
            notes.append(self._get_stop_reason())
        if self._get_pin():
            notes.append(
                self.env._(
                    "Pinned: no rule moves this customer up to and including %(day)s.",
                    day=ConditionFormatter(self.profile).format_date(
                        self.profile.pinned_until
                    ),
                )
            )
        if self._get_hold():
            notes.append(
                self.env._(
                    "Held: the stage was chosen by hand. No rule moves this customer "
                    "before %(day)s.",
                    day=ConditionFormatter(self.profile).format_date(
                        self.profile.held_until
                    ),
                )
            )
        return notes

    def _get_stop_reason(self):
        """Return why no rule can move the customer at all, or ""."""
        if self.profile.is_objecting:
            return self.env._(
                "This customer objects to profiling. No rule moves them; staff may."
            )
        if not self.profile.active:
            return self.env._(
                "This customer is archived, or has no lead, order or other document "
                "any more. Runs leave them alone."
            )
        if self.profile.lifecycle_id.state != "active":
            return self.env._(
                "The lifecycle “%(lifecycle)s” is not active. Its rules move nobody.",
                lifecycle=self.profile.lifecycle_id.name,
            )
        return ""

    def _get_next_lifecycle(self):
        """Return the lifecycle in which the next run keeps or puts the customer."""
        lifecycles = self.env["crm.lifecycle"]._get_active(self.profile.company_id)
        first = lifecycles[:1]
        if first == self.profile.lifecycle_id and first.domain in (False, "", "[]"):
            return first  # it takes all customers
        evaluator = ConditionEvaluator(self.profile, self.as_of)
        answers = [
            (lifecycle, evaluator.add_item(lifecycle)) for lifecycle in lifecycles
        ]
        evaluator.execute()
        for lifecycle, answer in answers:
            if answer["error"]:
                break  # it leaves all customers where they are
            if answer["holds"]:
                return lifecycle
        return self.profile.lifecycle_id

    def explain_lifecycle(self, lifecycle):
        """Return whether a lifecycle takes the customer, as a tree of conditions."""
        evaluator = ConditionEvaluator(self.profile, self.as_of)
        tree = evaluator.add_item(lifecycle)
        evaluator.execute()
        return tree

    def _explain_policy(self, targets, stage):
        """Return ``{target: (why a rule's move there is refused, names between)}``.

        The move service checks the same, see
        `crm.lifecycle.profile._get_refusal_reasons`.
        """
        answers = {}
        same = stage == self.profile.stage_id
        for target in targets:
            origin = target._origin or target
            if not same or origin.lifecycle_id != self.profile.lifecycle_id:
                answers[target] = ("", [])
                continue
            refused = self.profile._get_refusal_reasons(origin).get(self.profile, "")
            through = []
            if origin.lifecycle_id.skip_policy == "fill" and not refused:
                missing = self.profile._get_skipped_stages(origin).get(
                    self.profile.id, ()
                )
                names = {item.id: item.name for item in origin.lifecycle_id.stage_ids}
                through = [names[info.id] for info in missing if info.id != stage.id]
            answers[target] = (refused, through)
        return answers

    def _get_left_today(self):
        """Return the ids of stages that a rule moved the customer out of on the day.

        A run does not move them back there on the same day unless their facts change.
        """
        left = set()
        for row in self.profile.history_ids:
            if (
                row.date == self.as_of
                and row.create_date
                and self.profile.facts_date
                and row.create_date >= self.profile.facts_date
            ):
                left.update(row.passed_stages or ())
                if row.origin == "rule":
                    left.add(row.from_stage_id.id)
        return left
