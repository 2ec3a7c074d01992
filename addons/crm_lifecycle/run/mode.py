"""What runs of each kind do, and what they skip."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class RunMode:
    """The options of a run.

    :param origin: the origin of its moves in the history
    :param collects: search for changes itself, besides those that documents reported
    :param rebuilds: refresh the facts of all customers
    :param asks_everybody: evaluate the rules for all customers; None: if the lifecycles
        have changed since the last run
    :param asks_listed_only: evaluate only customers who are due for review, even if
        conditions can't be foreseen
    :param retries: a batch may be rolled back and retried
    :param converts: convert the profiles of leads that now belong to a customer
    :param locks_customers: lock customers before they are moved
    :param is_quiet: every move is quiet
    :param sets_reviews: store the next review of customers
    :param sets_tags: set tags by their conditions
    :param watches_everything: any changed fact makes a customer due for review
    :param keeps_tables: keep temporary tables for the next day
    :param asked_facts: compute only these facts; None: all of them
    :param counts_days: the progress counts the days of a replay
    """

    origin: str = "rule"
    collects: bool = True
    rebuilds: bool = False
    asks_everybody: bool | None = None
    asks_listed_only: bool = False
    retries: bool = True
    converts: bool = True
    locks_customers: bool = True
    is_quiet: bool = False
    sets_reviews: bool = True
    sets_tags: bool = True
    watches_everything: bool = False
    keeps_tables: bool = False
    asked_facts: frozenset[str] | None = None
    counts_days: bool = False

    def asks_for(self, facts) -> bool:
        """Return whether the run computes any of some facts.

        >>> RunMode(asked_facts=frozenset({"order_count"})).asks_for(["won_count"])
        False
        """
        return self.asked_facts is None or not self.asked_facts.isdisjoint(facts)


CHANGES = RunMode()
FULL = RunMode(rebuilds=True, asks_everybody=True)
QUICK = RunMode(collects=False, asks_everybody=False, asks_listed_only=True)
# On copies of the customers that no other transaction sees: one transaction.
REPLAY = RunMode(
    origin="replay",
    asks_everybody=False,
    retries=False,
    converts=False,
    locks_customers=False,
    is_quiet=True,
    sets_tags=False,
)
# A preview runs lifecycles of its own choice, and everything is rolled back.
PREVIEW = replace(
    REPLAY, asks_everybody=True, sets_reviews=False, watches_everything=True
)

# The mode of each kind of `crm.lifecycle.run`.
MODES = {"full": FULL, "changes": CHANGES, "quick": QUICK, "replay": REPLAY}
