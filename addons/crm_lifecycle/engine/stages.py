"""Which moves between stages a lifecycle allows.

The stages with a category in `LADDER` form the ladder of a lifecycle, which a subject
climbs in order. The other stages (at risk, lost, ended) are beside it and may be
entered from any rung, so a move there skips nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

LADDER = ("prospect", "engaged", "customer", "loyal")
CATEGORIES = (*LADDER, "at_risk", "lost", "ended")


@dataclass(frozen=True)
class Step:
    """What the policy needs to know about a stage."""

    id: int
    sequence: int
    category: str

    @property
    def on_ladder(self) -> bool:
        return self.category in LADDER


def missing_steps(
    steps: Sequence[Step], visited: Collection[int], target: Step
) -> list[Step]:
    """Return the rungs below ``target`` that the subject never reached, in order.

    ``steps`` are the stages of the lifecycle in their order, ``visited`` the ids of the
    stages that the subject has been in. Nothing is missing for a target beside the
    ladder, or for a move back to a rung already reached.
    """
    if not target.on_ladder or target.id in visited:
        return []
    below = steps[: steps.index(target)]
    return [step for step in below if step.on_ladder and step.id not in visited]


def decision_needed(origin: Step | None, target: Step, order: Sequence[Step]) -> str:
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
