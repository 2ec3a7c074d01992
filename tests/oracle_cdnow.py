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
    """The facts of a customer on a day; amounts in cents, None if unknown.

    What was given away is no purchase, but somebody was seen.
    """

    first_seen_date: date
    first_order_date: date | None
    last_order_date: date | None
    order_count: int
    purchase_day_count: int
    order_total: int | None
    order_total_6m: int | None
    order_total_12m: int | None
    order_total_prev_12m: int | None
    average_order_value: Fraction | None
    order_interval_days: Fraction | None
    order_trend: Fraction | None
    order_trend_6m: Fraction | None


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


def get_real(purchases):
    """Return the purchases that cost something."""
    return [(day, cents) for day, cents in purchases if cents > 0]


def get_facts(purchases, as_of):
    """Return the facts of a customer on a day, None if not seen yet."""
    seen = [day for day, _cents in purchases if day <= as_of]
    if not seen:
        return None
    real = [(day, cents) for day, cents in get_real(purchases) if day <= as_of]
    days = sorted({day for day, _cents in real})

    def get_sum(months, since=None):
        """Return the cents of the months before the day, or up to some months ago."""
        start = months_before(as_of, months)
        end = months_before(as_of, since) if since else as_of
        return sum(cents for day, cents in real if start < day <= end)

    def get_trend(months):
        """Return the change, once two such periods have passed since the first day."""
        before = get_sum(2 * months, months)
        if not days or days[0] > months_before(as_of, 2 * months) or not before:
            return None
        return Fraction(get_sum(months), before) - 1

    total = sum(cents for _day, cents in real)
    return Facts(
        first_seen_date=min(seen),
        first_order_date=days[0] if days else None,
        last_order_date=days[-1] if days else None,
        order_count=len(real),
        purchase_day_count=len(days),
        order_total=total if real else None,
        order_total_6m=get_sum(6) if real else None,
        order_total_12m=get_sum(12) if real else None,
        order_total_prev_12m=get_sum(24, 12) if real else None,
        average_order_value=Fraction(total, len(real)) if real else None,
        order_interval_days=(
            Fraction((days[-1] - days[0]).days, len(days) - 1)
            if len(days) > 1
            else None
        ),
        order_trend=get_trend(12),
        order_trend_6m=get_trend(6),
    )


def get_stage(facts, as_of):
    """Return the code of the T4b stage of a customer with these facts on a day."""
    if facts is None or facts.purchase_day_count == 0:
        return "prospect"
    if facts.last_order_date <= as_of - timedelta(days=90):
        return "churned"
    if facts.purchase_day_count == 1:
        return "first_deal"
    if facts.purchase_day_count <= 3:
        return "growing"
    return "loyal"


def get_tags(facts, as_of):
    """Return the codes of the T4b tags of a customer with these facts on a day."""
    one_month_ago, three_months_ago = (
        as_of - timedelta(days=days) for days in (30, 90)
    )
    if facts.purchase_day_count == 0:
        return {"new_registered"} if facts.first_seen_date > one_month_ago else set()
    if facts.last_order_date > one_month_ago:
        return {"first_order" if facts.purchase_day_count == 1 else "active"}
    return {"silent" if facts.last_order_date > three_months_ago else "churned"}


def get_moves(purchases, end):
    """Return the entries of a customer into T4b stages, (day, code), in order.

    As by a run on each day up to the end: a purchase counts on its day, and 90 days
    without one end on the 90th day after it, unless that day has a purchase.
    """
    days = {day for day, _cents in get_real(purchases)}
    moves = []
    stage = last = None
    count = 0
    seen = min(day for day, _cents in purchases)
    for day in sorted({seen, *days}):
        if day > end:
            break
        if last and last + timedelta(days=90) < day:
            moves.append((last + timedelta(days=90), "churned"))
            stage = "churned"
        if day in days:
            last = day
            count += 1
        for code in get_path(stage, count):
            moves.append((day, code))
            stage = code
    if last and last + timedelta(days=90) <= end:
        moves.append((last + timedelta(days=90), "churned"))
    return moves


def get_path(stage, count):
    """Return the T4b stages that a purchase leads through, on ``count`` days in all."""
    ladder = ["prospect", "first_deal", "growing", "loyal"]
    reached = count if count <= 2 else 2 if count == 3 else 3
    if stage == "churned":
        return [ladder[reached]]
    return ladder[ladder.index(stage) + 1 if stage else 0 : reached + 1]


def get_next_stage(stage, facts, day):
    """Return the T4b stage to which the rules move a buyer next, None if to none."""
    orders = facts.purchase_day_count
    if not orders:
        return None
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
