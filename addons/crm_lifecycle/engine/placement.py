"""Where a lifecycle places a customer: the stage in which its rules end.

The conditions of rules don't depend on the stage, so it is enough to know which rules
hold for a customer. The way through the stages is found here, for each combination of
rules once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .stages import StageInfo, get_missing_stages, get_required_decision


@dataclass(frozen=True)
class RuleInfo:
    """What a placement needs to know about a rule; no ``from_ids`` are all stages."""

    id: int
    from_ids: frozenset[int]
    to_id: int

    def leaves(self, stage_id: int) -> bool:
        return self.to_id != stage_id and (
            not self.from_ids or stage_id in self.from_ids
        )


@dataclass(frozen=True)
class Placement:
    """The result: the stage, the rule that led there, and the stages on the way.

    :param is_waiting: another rule holds but may not apply today: it leads back to a
        stage on the way, the policy of the lifecycle refuses it, or it can't be
        evaluated
    """

    stage_id: int
    rule_id: int | None
    passed_ids: tuple[int, ...] = ()
    is_waiting: bool = False


@dataclass(frozen=True)
class LifecycleInfo:
    """The stages of a lifecycle in order, its rules in order, and its policies."""

    stages: Sequence[StageInfo]
    rules: Sequence[RuleInfo]
    skip_policy: str = "allow"
    regress_policy: str = "free"


def place(
    lifecycle: LifecycleInfo,
    entry_id: int,
    holding: Collection[int],
    unusable: Collection[int] = (),
) -> Placement:
    """Return the placement of a customer that enters a lifecycle.

    :param entry_id: the stage in which the way begins
    :param holding: ids of the rules that hold for the customer
    :param unusable: ids of rules that can't be evaluated. The way ends where one of
        them applies, since it is unknown whether it or a later rule would go on.
    """
    stages: Mapping[int, StageInfo] = {stage.id: stage for stage in lifecycle.stages}
    way, reached = [entry_id], [entry_id]
    rule_id = None
    is_waiting = False
    while True:
        rule, leads_back = _get_next_rule(lifecycle.rules, way, holding, unusable)
        is_waiting |= leads_back
        if rule is None:
            break
        target = stages[rule.to_id]
        missing = get_missing_stages(lifecycle.stages, reached, target)
        if rule.id in unusable or _is_refused(
            lifecycle, stages[way[-1]], target, missing
        ):
            is_waiting = True
            break
        if missing and lifecycle.skip_policy == "fill":
            reached += [stage.id for stage in missing]
        way.append(target.id)
        reached.append(target.id)
        rule_id = rule.id
    passed = tuple(stage_id for stage_id in reached if stage_id != way[-1])
    return Placement(way[-1], rule_id, passed, is_waiting)


def _is_refused(lifecycle, origin, target, missing):
    """Return whether the policies refuse a move. No decision has been made yet."""
    if missing and lifecycle.skip_policy == "forbid":
        return True
    return lifecycle.regress_policy == "decision" and bool(
        get_required_decision(origin, target, lifecycle.stages)
    )


def _get_next_rule(rules, way, holding, unusable):
    """Return the first rule that goes on, and whether one goes back instead.

    A customer does not return to a stage on the same day.
    """
    leads_back = False
    for rule in rules:
        if not rule.leaves(way[-1]):
            continue
        if rule.id in unusable:
            return rule, leads_back
        if rule.id in holding:
            if rule.to_id not in way:
                return rule, leads_back
            leads_back = True
    return None, leads_back
