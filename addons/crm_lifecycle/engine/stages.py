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
