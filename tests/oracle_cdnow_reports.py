"""Expected report figures of CDNOW's customers, in plain Python.

Like `oracle_cdnow`: from the file of purchases alone, customer by customer.
"""

from collections import Counter
from datetime import date, timedelta
from statistics import mean, quantiles

from . import oracle_cdnow as oracle

LADDER = ("prospect", "first_deal", "growing", "loyal")
# The number of days with a purchase by which a stage of the ladder is reached.
THRESHOLDS = {"prospect": 0, "first_deal": 1, "growing": 2, "loyal": 4}


def month_of(day):
    return day.replace(day=1)


def quarter_of(day):
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


# ------------------------------------------------------------
# Purchases
# ------------------------------------------------------------


def get_buyers(truth):
    """Return the purchases of each customer who bought something."""
    return [real for item in truth.values() if (real := oracle.get_real(item))]


def get_purchase_cohorts(truth, period_of=month_of):
    """Return ``{(cohort, period): (buyers, cents)}``."""
    buyers, cents = Counter(), Counter()
    for purchases in get_buyers(truth):
        cohort = period_of(min(day for day, _amount in purchases))
        for period in {period_of(day) for day, _amount in purchases}:
            buyers[cohort, period] += 1
        for day, amount in purchases:
            cents[cohort, period_of(day)] += amount
    return {key: (buyers[key], cents[key]) for key in buyers}


def get_buyers_by_month(truth):
    """Return ``{month: (buyers, first time, returning, retained next month)}``."""
    figures = {}
    for purchases in get_buyers(truth):
        months = sorted({month_of(day) for day, _amount in purchases})
        for index, month in enumerate(months):
            following = month_of(month + timedelta(days=31))
            row = figures.setdefault(month, [0, 0, 0, 0])
            row[0] += 1
            row[1] += index == 0
            row[2] += index > 0
            row[3] += following in months
    return {month: tuple(row) for month, row in figures.items()}


def get_repeat_figures(truth):
    """Return the repeat purchase rate, and mean and median days between purchases."""
    buyers = get_buyers(truth)
    repeaters = sum(len(purchases) > 1 for purchases in buyers)
    intervals = []
    for purchases in buyers:
        days = sorted({day for day, _amount in purchases})
        if len(days) > 1:
            intervals.append((days[-1] - days[0]).days / (len(days) - 1))
    return repeaters / len(buyers), mean(intervals), quantiles_of(intervals)[1]


# ------------------------------------------------------------
# Stages
# ------------------------------------------------------------


def get_moves_by_step(purchases, days):
    """Return the moves ``(day, code)`` that runs on these days only can find.

    Of two runs a month apart, the second one finds the stage at that time: a customer
    who became inactive and bought again in between was never found inactive.
    """
    seen = min(day for day, _amount in purchases)
    bought = sorted({day for day, _amount in oracle.get_real(purchases)})
    moves = []
    stage, before = None, date.min
    for look in days:
        if seen > look:
            continue
        known = [day for day in bought if day <= look]
        churned = known and known[-1] + timedelta(days=90)
        if churned and churned <= look:
            if stage != "churned":
                moves.append((churned, "churned"))
                stage = "churned"
        else:
            back = min((day for day in known if day > before), default=None)
            for code in oracle.get_path(stage, len(known)):
                number = THRESHOLDS[code]
                day = known[number - 1] if number else seen
                moves.append((max(day, back) if stage == "churned" else day, code))
                stage = code
        before = look
    return moves


def get_visits(moves):
    """Return the visits ``(stage, entered, next stage, days)`` of a customer."""
    visits = []
    for (day, code), following in zip(moves, [*moves[1:], None], strict=True):
        if following:
            visits.append((code, day, following[1], (following[0] - day).days))
        else:
            visits.append((code, day, None, None))
    return visits


def get_growth(moves):
    """Return the events ``(day, kind)`` of a customer: new, churned, reactivated."""
    events = []
    before = None
    for day, code in moves:
        if code == "churned":
            events.append((day, "churned"))
        elif before == "churned":
            events.append((day, "reactivated"))
        elif before == "prospect":
            events.append((day, "new"))
        before = code
    return events


def get_customer_cohorts(all_moves, last):
    """Return ``{cohort: [customers left after each month, up to the last]}``."""
    cohorts = {}
    for moves in all_moves:
        events = get_growth(moves)
        if not events:
            continue
        month = cohort = month_of(events[0][0])
        cells = cohorts.setdefault(cohort, Counter())
        index = 0
        while month <= last:
            following = month_of(month + timedelta(days=31))
            kinds = [kind for day, kind in events if day < following]
            cells[index] += kinds[-1] != "churned"
            month, index = following, index + 1
    return {
        cohort: [cells[index] for index in range(len(cells))]
        for cohort, cells in cohorts.items()
    }


def quantiles_of(values):
    """Return the quartiles, interpolated between the two nearest values."""
    if len(values) == 1:
        return [values[0]] * 3
    return quantiles(values, n=4, method="inclusive")
