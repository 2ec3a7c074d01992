"""Expected facts and stages of CDNOW's customers, in plain Python.

An independent computation for the tests: it reads only the file of purchases, shares
no code with the addons, and goes customer by customer without regard to speed.

    python tests/oracle_cdnow.py CDNOW_master.txt 1998-06-30
"""

import sys
from calendar import monthrange
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple


class Facts(NamedTuple):
    """The facts of a customer on a day; amounts in cents, None if unknown."""

    first_seen_date: date
    first_order_date: date
    last_order_date: date
    order_count: int
    order_total: int
    order_total_12m: int
    order_total_prev_12m: int
    average_order_value: Fraction
    order_interval_days: Fraction | None
    order_trend: Fraction | None


def read_purchases(path):
    """Return the purchases, (day, cents) each, by customer number."""
    purchases = {}
    with open(path) as lines:
        for line in list(lines)[1:]:
            customer, day, _cds, amount = line.split()
            day = date(int(day[:4]), int(day[4:6]), int(day[6:]))
            dollars, cents = amount.split(".")
            assert len(cents) == 2, line
            cents = 100 * int(dollars) + int(cents)
            purchases.setdefault(customer, []).append((day, cents))
    return purchases


def get_facts(purchases, as_of):
    """Return the facts of a customer on a day, None before the first purchase."""
    purchases = [(day, cents) for day, cents in purchases if day <= as_of]
    if not purchases:
        return None
    days = sorted({day for day, _cents in purchases})
    one_year_ago = months_before(as_of, 12)
    two_years_ago = months_before(as_of, 24)
    total = sum(cents for _day, cents in purchases)
    this_year = sum(cents for day, cents in purchases if day > one_year_ago)
    year_before = sum(
        cents for day, cents in purchases if two_years_ago < day <= one_year_ago
    )
    return Facts(
        first_seen_date=days[0],
        first_order_date=days[0],
        last_order_date=days[-1],
        order_count=len(purchases),
        order_total=total,
        order_total_12m=this_year,
        order_total_prev_12m=year_before,
        average_order_value=Fraction(total, len(purchases)),
        order_interval_days=(
            Fraction((days[-1] - days[0]).days, len(days) - 1)
            if len(days) > 1
            else None
        ),
        order_trend=(Fraction(this_year, year_before) - 1 if year_before else None),
    )


def get_stage(facts, as_of):
    """Return the code of the T4b stage of a customer with these facts on a day."""
    if facts is None or facts.order_count == 0:
        return "prospect"
    if facts.last_order_date <= as_of - timedelta(days=90):
        return "churned"
    if facts.order_count == 1:
        return "first_deal"
    if facts.order_count <= 3:
        return "growing"
    return "loyal"


def get_tags(facts, as_of):
    """Return the codes of the T4b tags of a customer with these facts on a day."""
    one_month_ago, three_months_ago = (
        as_of - timedelta(days=days) for days in (30, 90)
    )
    if facts.order_count == 0:
        return {"new_registered"} if facts.first_seen_date > one_month_ago else set()
    if facts.last_order_date > one_month_ago:
        return {"first_order" if facts.order_count == 1 else "active"}
    return {"silent" if facts.last_order_date > three_months_ago else "churned"}


def get_moves(purchases, end):
    """Return the entries of a customer into T4b stages, (day, code), in order.

    As by a run on each day up to the end: a purchase counts on its day, and 90 days
    without one end on the 90th day after it, unless that day has a purchase.
    """
    bought = {}
    for day, _cents in sorted(purchases):
        bought[day] = bought.get(day, 0) + 1
    moves = []
    stage = last = None
    count = 0
    for day, number in bought.items():
        if day > end:
            break
        if last and last + timedelta(days=90) < day:
            moves.append((last + timedelta(days=90), "churned"))
            stage = "churned"
        last = day
        count += number
        for code in get_path(stage, count):
            moves.append((day, code))
            stage = code
    if last and last + timedelta(days=90) <= end:
        moves.append((last + timedelta(days=90), "churned"))
    return moves


def get_path(stage, count):
    """Return the T4b stages that a purchase leads through, for ``count`` in all."""
    ladder = ["prospect", "first_deal", "growing", "loyal"]
    reached = 1 if count == 1 else 2 if count <= 3 else 3
    if stage == "churned":
        return [ladder[reached]]
    return ladder[ladder.index(stage) + 1 if stage else 0 : reached + 1]


def get_next_stage(stage, facts, day):
    """Return the T4b stage to which the rules move a buyer next, None if to none."""
    orders = facts.order_count
    is_silent = facts.last_order_date <= day - timedelta(days=90)
    if stage == "prospect":
        return "first_deal"
    if stage == "churned":
        if is_silent:
            return None
        return "loyal" if orders >= 4 else "growing" if orders >= 2 else "first_deal"
    if is_silent:
        return "churned"
    if stage == "first_deal":
        return "growing" if orders >= 2 else None
    if stage == "growing":
        return "loyal" if orders >= 4 else "first_deal" if orders < 2 else None
    return "growing" if orders < 4 else None


def live(purchases, runs, by_hand, hold):
    """Return the moves of a customer: ``[(day, code, is by hand, days of the hold)]``.

    Each day first brings its purchases, then a move by hand, then a run.

    :param runs: the days with a run
    :param by_hand: ``{day: code}``, the stages that staff choose; a customer whom no
        run has seen yet can't be moved
    :param hold: days, at least 1, for which no run changes a stage that staff chose;
        the first move of the first run after them has waited for the hold
    """
    moves = []
    stage = free_from = None
    for day in sorted({*runs, *by_hand}):
        if stage and by_hand.get(day, stage) != stage:
            stage = by_hand[day]
            free_from = day + timedelta(days=hold)
            moves.append((day, stage, True, None))
        facts = get_facts(purchases, day)
        if day not in runs or not facts or (free_from and day < free_from):
            continue
        waited = hold if free_from else None
        free_from = None
        if not stage:
            # One move into the stage where the rules end.
            stage = "prospect"
            while code := get_next_stage(stage, facts, day):
                stage = code
            moves.append((day, stage, False, None))
            continue
        while code := get_next_stage(stage, facts, day):
            moves.append((day, code, False, waited))
            stage, waited = code, None
    return moves


def get_stage_from_moves(moves, day):
    """Return the code of the stage on a day, None before the first move."""
    return next((code for moved, code in reversed(moves) if moved <= day), None)


def months_before(day, months):
    """Return the same day some months ago, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def main(path, as_of):
    """Print how many customers are in each stage."""
    as_of = date.fromisoformat(as_of)
    stages = Counter()
    for purchases in read_purchases(path).values():
        facts = get_facts(purchases, as_of)
        stages[get_stage(facts, as_of) if facts else "(not there yet)"] += 1
    for stage, count in stages.most_common():
        print(f"{stage:16}{count:>7,}")
    print(f"{'sum':16}{stages.total():>7,}")


if __name__ == "__main__":
    main(*sys.argv[1:])
