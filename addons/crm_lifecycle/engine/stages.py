"""Which moves between stages a lifecycle allows.

The stages of a lifecycle whose category is one of `LADDER` form its ladder:
a subject climbs them in order. The other stages (at risk, lost, ended) stand
beside it and may be entered from any rung, so going there skips nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

LADDER = ("prospect", "engaged", "customer", "loyal")
CATEGORIES = (*LADDER, "at_risk", "lost", "ended")


@dataclass(frozen=True)
class Step:
    """What the policy needs to know of a stage."""

    id: int
    sequence: int
    category: str

    @property
    def on_ladder(self) -> bool:
        return self.category in LADDER


def missing_steps(
    steps: Sequence[Step], visited: Collection[int], target: Step
) -> list[Step]:
    """Return the rungs below ``target`` that the subject was never on, in order.

    ``steps`` are the stages of the lifecycle in their order, ``visited`` the ids
    of those that the subject has been in. Nothing is missing for a target
    beside the ladder, nor for a way back to a rung already climbed.
    """
    if not target.on_ladder or target.id in visited:
        return []
    below = steps[: steps.index(target)]
    return [step for step in below if step.on_ladder and step.id not in visited]


def decision_needed(origin: Step | None, target: Step, order: Sequence[Step]) -> str:
    """Return the decision that a governed way back needs, '' where none is.

    Leaving a stage at risk for the ladder takes ``reinvest``; leaving it for
    lost or ended takes ``let_go``. Stepping down the ladder takes ``reinvest``
    too: the effort goes back to an earlier step.
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
