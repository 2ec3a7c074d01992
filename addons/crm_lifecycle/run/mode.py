"""What runs of each kind do, and what they skip."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class RunMode:
    """The options of a run.

    :param origin: the origin of its moves in the history
    :param collects: search for changes itself, besides those that documents reported
    :param finds_strays: also search for documents of customers without a profile
    :param rebuilds: refresh the facts of all customers
    :param evaluates_all: evaluate the rules for all customers; None: if the lifecycles
        have changed since the last run
    :param evaluates_listed_only: evaluate only customers who are due for review, even
        if conditions can't be foreseen
    :param retries: a batch may be rolled back and retried
    :param converts: convert the profiles of leads that now belong to a customer
    :param locks_customers: lock customers before they are moved
    :param is_quiet: every move is quiet
    :param sets_reviews: store the next review of customers
    :param sets_tags: set tags by their conditions
    :param reviews_any_change: any changed fact makes a customer due for review
    :param reuses_tables: keep temporary tables for the next day
    :param needed_facts: compute only these facts; None: all of them
    :param places_at_once: a customer who enters a lifecycle gets one move, to the stage
        where its rules end; otherwise one for each stage on the way
    :param counts_days: the progress counts the days of a replay
    """

    origin: str = "rule"
    collects: bool = True
    finds_strays: bool = False
    rebuilds: bool = False
    evaluates_all: bool | None = None
    evaluates_listed_only: bool = False
    retries: bool = True
    converts: bool = True
    locks_customers: bool = True
    is_quiet: bool = False
    sets_reviews: bool = True
    sets_tags: bool = True
    reviews_any_change: bool = False
    reuses_tables: bool = False
    needed_facts: frozenset[str] | None = None
    places_at_once: bool = True
    counts_days: bool = False

    def needs_facts(self, facts) -> bool:
        """Return whether the run computes any of some facts.

        >>> RunMode(needed_facts=frozenset({"order_count"})).needs_facts(["won_count"])
        False
        """
        return self.needed_facts is None or not self.needed_facts.isdisjoint(facts)


CHANGES = RunMode(finds_strays=True)
FULL = RunMode(rebuilds=True, evaluates_all=True)
QUICK = RunMode(collects=False, evaluates_all=False, evaluates_listed_only=True)
# On copies of the customers that no other transaction sees: one transaction.
REPLAY = RunMode(
    origin="replay",
    evaluates_all=False,
    retries=False,
    converts=False,
    locks_customers=False,
    is_quiet=True,
    sets_tags=False,
    places_at_once=False,  # it dates each move by its own rule
)
# A preview runs lifecycles of its own choice, and everything is rolled back.
PREVIEW = replace(
    REPLAY,
    evaluates_all=True,
    sets_reviews=False,
    reviews_any_change=True,
    places_at_once=True,
)

# After a rebuild: what is due because the customer has been in a stage for longer than
# was known. On the real tables, for listed customers only.
SETTLE = replace(
    REPLAY, origin="rule", sets_tags=True, collects=False, evaluates_listed_only=True
)

# Facts are computed again and compared; no rule is evaluated.
CHECK = RunMode(retries=False, evaluates_all=False)

# The mode of each kind of `crm.lifecycle.run`.
MODES = {
    "full": FULL,
    "changes": CHANGES,
    "quick": QUICK,
    "replay": REPLAY,
    "rebuild": REPLAY,
    "check": CHECK,
}
