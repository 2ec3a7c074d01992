"""Which moves between stages a lifecycle allows.

The stages with a category in `LADDER` form the ladder of a lifecycle, which a subject
climbs in order. The other stages (at risk, lost, ended) are beside it and may be
entered from any rung, so a move there skips nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

LADDER = ("prospect", "engaged", "customer", "loyal")
# Stages of present customers, and of those who have left.
CUSTOMERS = ("customer", "loyal", "at_risk")
GONE = ("lost", "ended")
CATEGORIES = (*LADDER, "at_risk", "lost", "ended")


@dataclass(frozen=True)
class StageInfo:
    """What the policy needs to know about a stage."""

    id: int
    sequence: int
    category: str

    @property
    def on_ladder(self) -> bool:
        return self.category in LADDER


def get_missing_stages(
    stages: Sequence[StageInfo], entered_ids: Collection[int], target: StageInfo
) -> list[StageInfo]:
    """Return the rungs below ``target`` that the subject never reached, in order.

    ``stages`` are the stages of the lifecycle in their order, ``entered_ids`` the ids
    of the stages that the subject has been in. Nothing is missing for a target beside
    the ladder, or for a move back to a rung already reached.
    """
    if not target.on_ladder or target.id in entered_ids:
        return []
    below = stages[: stages.index(target)]
    return [stage for stage in below if stage.on_ladder and stage.id not in entered_ids]


def get_required_decision(
    origin: StageInfo | None, target: StageInfo, order: Sequence[StageInfo]
) -> str:
    """Return the decision that a governed move back needs, '' if none.

    Leaving a stage at risk for the ladder needs ``reinvest``; leaving it for lost or
    ended needs ``let_go``. Moving down the ladder needs ``reinvest``, too: the effort
    goes back to an earlier step.
    """
    if origin is None:
        return ""
    if origin.category == "at_risk":
        if target.on_ladder:
            return "reinvest"
        return "let_go" if target.category in ("lost", "ended") else ""
    if origin.on_ladder and target.on_ladder:
        return "reinvest" if order.index(target) < order.index(origin) else ""
    return ""


class ClassedMove(NamedTuple):
    """What `is_customer` needs to know about a move."""

    from_category: str | None
    to_category: str | None
    is_baseline: bool = False
    has_bought: bool = False


def is_customer(moves: Sequence[ClassedMove]) -> bool:
    """Return whether the moves of a customer, oldest first, leave them a customer.

    The stage of the last move decides. After a baseline move, by which an activation or
    a switch placed them, they stay what they were: a customer in “Engaged” is one until
    a move leads into a stage of customers, out of one, or to a lost one.
    """
    found, is_carried = None, False
    for number, move in enumerate(moves):
        left, entered = get_class(move.from_category), get_class(move.to_category)
        if move.is_baseline:
            is_carried = True
            if entered == "customer":
                found = entered
            elif left is None:
                found = (
                    "customer" if move.has_bought and entered == "before" else entered
                )
            elif not number:
                found = left
            continue
        is_end = "customer" in (left, entered) or entered == "gone" != left
        if not is_carried or is_end:
            found, is_carried = entered, False
    return found == "customer"


def get_class(category: str | None) -> str | None:
    """Return whether a category is one of customers, of those gone, or before."""
    if category in CUSTOMERS:
        return "customer"
    return "gone" if category in GONE else category and "before"
