"""Thresholds that fit a company's own purchases.

`measure_sql` reads the purchases of a company in one statement: the quartiles of some
measures, and how many customers given conditions apply to. `propose` derives a value
for each parameter of a template that has a ``fit``:

``{"measure": "interval", "quartile": 3, "times": 2, "stage": "at_risk"}``

The proposal is the quartile of the measure times a factor, in the unit of the
parameter, rounded, and within its bounds. For example, if three quarters of the
customers buy every 16 days or more often, a customer is silent after 2 × 16 = 32 days,
rounded to 30. ``stage`` (or ``tag``) has the customers whose share the wizard shows.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from odoo.fields import Domain
from odoo.tools import SQL

from . import domains
from .scope import Scope

# Facts of a customer that follow from purchases alone, with their types.
PURCHASE_FACTS = {
    "order_count": "integer",
    "purchase_day_count": "integer",
    "first_order_date": "date",
    "last_order_date": "date",
    "order_total": "monetary",
    "order_total_6m": "monetary",
    "order_total_12m": "monetary",
    "order_total_prev_12m": "monetary",
    "average_order_value": "monetary",
    "order_interval_days": "float",
    "order_trend": "float",
    "order_trend_6m": "float",
}
# Measures: one value per customer, NULL for customers it says nothing about.
MEASURES = {
    "interval": SQL("order_interval_days"),
    "purchases": SQL("NULLIF(recent_count, 0)"),
    # Days as a customer, of those who still buy and have bought on several days.
    "tenure": SQL("CASE WHEN recent_count > 0 AND purchase_day_count > 1 THEN age END"),
    # Percent lost against the period before; negative for customers who buy more.
    "decline": SQL("-100 * COALESCE(order_trend, order_trend_6m)"),
}
QUARTILES = (0.25, 0.5, 0.75)
DAYS_PER_MONTH = 365.25 / 12
DAYS_PER_UNIT = {"days": 1, "months": DAYS_PER_MONTH, "years": 365.25}
# Days are rounded to multiples: ``(below, multiple)``.
DAY_STEPS = ((14, 1), (60, 5), (180, 10), (float("inf"), 30))
PERCENT_STEP = 5
COMPARISONS = {operator: SQL(operator) for operator in ("=", "<", "<=", ">", ">=")}


# ------------------------------------------------------------
# Proposals
# ------------------------------------------------------------


def propose(
    parameters: Iterable[Mapping], measures: Mapping, values: Mapping | None = None
) -> dict[str, int]:
    """Return ``{code: value}``, for parameters that the purchases say something about.

    :param values: present values, which parameters without a proposal keep

    >>> silent = {"code": "silent", "unit": "days", "min": 1, "max": 1095}
    >>> silent["fit"] = {"measure": "interval", "quartile": 3, "times": 2}
    >>> propose([silent], {"interval": {"count": 9, "quartiles": [6.5, 7, 16]}})
    {'silent': 30}
    """
    parameters = list(parameters)
    proposals = {}
    for parameter in parameters:
        fit = parameter.get("fit", {})
        measure = measures.get(fit.get("measure"))
        if not measure or not measure["count"]:
            continue
        value = measure["quartiles"][fit["quartile"] - 1] * fit["times"]
        if value > 0:
            rounded = round_value(value, parameter["unit"])
            proposals[parameter["code"]] = _clamp(rounded, parameter)
    by_code = {parameter["code"]: parameter for parameter in parameters}
    # From the last one: a parameter may have to be less than one that is lowered.
    for parameter in reversed(parameters):
        if other := by_code.get(parameter.get("less_than")):
            _put_below(parameter, other, proposals, values or {})
    return proposals


def _put_below(parameter, other, proposals, values):
    """Change a proposal so that the first parameter is less than the other one."""
    code, other_code = parameter["code"], other["code"]
    known = {**values, **proposals}
    if not {code, other_code} <= known.keys() or known[code] < known[other_code]:
        return
    if code in proposals:
        changed, value = parameter, known[other_code] - 1
    elif other_code in proposals:
        changed, value = other, known[code] + 1
    else:
        return
    proposals[changed["code"]] = value
    if value != _clamp(value, changed):
        del proposals[changed["code"]]


def round_value(value: float, unit: str) -> int:
    """Return a value in days, purchases or percent as a round number of a unit.

    >>> [round_value(days, "days") for days in (7.4, 21, 94, 400)]
    [7, 20, 90, 390]
    >>> round_value(400, "months"), round_value(10.2, "purchase_days")
    (13, 11)
    >>> round_value(33, "percent")
    35
    """
    if unit == "purchase_days":
        return int(-(-value // 1))  # rounded up: a quarter of the customers reach it
    if unit == "percent":
        return _round_to(value, PERCENT_STEP)
    value /= DAYS_PER_UNIT[unit]
    if unit != "days":
        return _round_to(value, 1)
    return _round_to(value, next(step for below, step in DAY_STEPS if value < below))


def _round_to(value, step):
    return int(value / step + 0.5) * step if value > 0 else 0


def _clamp(value, parameter):
    return max(parameter["min"], min(value, parameter["max"]))


# ------------------------------------------------------------
# Conditions on purchases
# ------------------------------------------------------------


def get_share_condition(
    code: str, fit: Mapping, items: Sequence[Mapping], as_of: date
) -> SQL | None:
    """Return the SQL condition of the customers in the stage or tag of a parameter.

    These are the customers for whom a rule into the stage with this parameter holds,
    and no rule out of it. Conditions on other things than purchases count as true in
    rules into the stage, and as false in rules out of it.

    :param items: rules and tags in use, each with ``domain`` and its ``placeholders``
    """
    if "tag" in fit:
        tags = [item for item in items if item.get("code") == fit["tag"]]
        return _any_holds(tags, as_of, unknown=True)
    stage = fit.get("stage")
    into = _any_holds(
        [
            item
            for item in items
            if item.get("to") == stage and code in item["placeholders"]
        ],
        as_of,
        unknown=True,
    )
    if into is None:
        return None
    out_of = _any_holds(
        [item for item in items if stage in item.get("from", ())], as_of, unknown=False
    )
    return SQL("%s AND %s IS NOT TRUE", into, out_of) if out_of else into


def _any_holds(items, as_of, unknown):
    """Return the SQL condition that the domain of an item holds, None without items."""
    parts = [get_purchase_condition(item["domain"], as_of, unknown) for item in items]
    return SQL("(%s)", SQL(" OR ").join(parts)) if parts else None


def get_purchase_condition(domain: Domain, as_of: date, unknown: bool) -> SQL:
    """Return the SQL condition of a domain over the columns of `PURCHASE_FACTS`.

    :param unknown: the value of conditions on anything else
    """
    domain = domains.resolve(domain, as_of, PURCHASE_FACTS.get)
    return _translate(domain, unknown)


def _translate(domain, unknown):
    branches = domains.branches_of(domain)
    if branches is None:
        return _translate_condition(domain, unknown)
    operator, children = branches
    if not children:
        return SQL("TRUE") if domain.is_true() else SQL("FALSE")
    if operator == "!":
        return SQL("(%s) IS NOT TRUE", _translate(children[0], not unknown))
    parts = [_translate(child, unknown) for child in children]
    return SQL("(%s)", SQL(" AND " if operator == "&" else " OR ").join(parts))


def _translate_condition(condition, unknown):
    column, operator = condition.field_expr, condition.operator
    if column in PURCHASE_FACTS:
        column = SQL.identifier(column)
        if condition.value is False and operator in ("=", "!="):
            return SQL(
                "%s IS %s", column, SQL("NULL" if operator == "=" else "NOT NULL")
            )
        if operator in COMPARISONS:
            return SQL("%s %s %s", column, COMPARISONS[operator], condition.value)
    return SQL("TRUE") if unknown else SQL("FALSE")


# ------------------------------------------------------------
# Statement
# ------------------------------------------------------------


def measure_sql(
    purchases: Sequence[SQL], scope: Scope, conditions: Mapping[str, SQL]
) -> SQL:
    """Return the statement that measures the purchases of a company, one row.

    Columns: the number of customers; the count and quartiles of each of `MEASURES`, in
    order; the same of the amounts of the last twelve months; the number of customers
    for each of the conditions, in order.

    :param purchases: SQL of ``customer_id``, ``day`` and ``amount``, see
        `crm.lifecycle.source._get_purchases`
    """
    quartiles = SQL("percentile_cont(%s::float[])", list(QUARTILES))
    return SQL(
        """
        WITH purchase AS MATERIALIZED (%(purchases)s),
        -- One row per customer and day: several purchases on a day have no interval.
        purchase_day AS (
            SELECT customer_id, day, COUNT(*) AS number, SUM(amount) AS amount
              FROM purchase
             GROUP BY customer_id, day
        ),
        -- The facts as of the day, one row per customer.
        total AS (
            SELECT SUM(number) AS order_count,
                   COUNT(*) AS purchase_day_count,
                   MIN(day) AS first_order_date,
                   MAX(day) AS last_order_date,
                   SUM(amount) AS order_total,
                   COALESCE(SUM(amount) FILTER (WHERE day > %(half_year_ago)s), 0)
                       AS order_total_6m,
                   COALESCE(SUM(amount) FILTER (WHERE day > %(year_ago)s), 0)
                       AS order_total_12m,
                   COALESCE(SUM(amount) FILTER (
                       WHERE day > %(two_years_ago)s AND day <= %(year_ago)s), 0)
                       AS order_total_prev_12m,
                   COUNT(*) FILTER (WHERE day > %(year_ago)s) AS recent_count
              FROM purchase_day
             GROUP BY customer_id
        ),
        customer AS MATERIALIZED (
            SELECT *,
                   order_total / order_count AS average_order_value,
                   (last_order_date - first_order_date)::float
                       / NULLIF(purchase_day_count - 1, 0) AS order_interval_days,
                   CASE WHEN first_order_date <= %(two_years_ago)s
                        THEN (order_total_12m / NULLIF(order_total_prev_12m, 0)
                              - 1)::float END AS order_trend,
                   CASE WHEN first_order_date <= %(year_ago)s
                        THEN (order_total_6m / NULLIF(order_total_12m - order_total_6m,
                                                      0) - 1)::float
                        END AS order_trend_6m,
                   %(as_of)s - first_order_date AS age
              FROM total
        ),
        recent AS (
            SELECT COUNT(DISTINCT customer_id) AS count,
                   %(quartiles)s WITHIN GROUP (ORDER BY amount) AS quartiles
              FROM purchase
             WHERE day > %(year_ago)s
        )
        SELECT COUNT(*), %(measures)s,
               (SELECT count FROM recent), (SELECT quartiles FROM recent)
               %(shares)s
          FROM customer
        """,
        purchases=SQL(" UNION ALL ").join(purchases),
        half_year_ago=scope.date_months_ago(6),
        year_ago=scope.date_months_ago(12),
        two_years_ago=scope.date_months_ago(24),
        as_of=scope.as_of,
        quartiles=quartiles,
        measures=SQL(", ").join(
            SQL(
                "COUNT(%(value)s), %(quartiles)s WITHIN GROUP (ORDER BY %(value)s)",
                value=value,
                quartiles=quartiles,
            )
            for value in MEASURES.values()
        ),
        shares=SQL("").join(
            SQL(", COUNT(*) FILTER (WHERE %s)", condition)
            for condition in conditions.values()
        ),
    )


def read_measures(row: Sequence, conditions: Mapping[str, SQL]) -> dict:
    """Return the row of `measure_sql` by name, ready for JSON."""
    numbers = iter(row)
    found = {"customers": next(numbers), "measures": {}}
    for name in (*MEASURES, "amount"):
        count, quartiles = next(numbers), next(numbers)
        found["measures"][name] = {
            "count": count,
            "quartiles": [float(value) for value in quartiles or ()],
        }
    found["shares"] = dict(zip(conditions, numbers, strict=True))
    return found
