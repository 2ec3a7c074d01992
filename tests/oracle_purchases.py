"""Expected purchases and facts of customers, in plain Python.

An independent computation for the tests: it gets the documents as they stand, shares no
code with the addons, and goes document by document without regard to speed.
"""

from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import NamedTuple

from .oracle_cdnow import months_before


class OrderLine(NamedTuple):
    """A line of an order; is closed if nothing is left to deliver or to invoice."""

    id: int
    amount: Decimal
    is_closed_short: bool = False


class Order(NamedTuple):
    """A confirmed order on its local day.

    Its untaxed amount may differ from that of its lines by the rounding of these, to
    ``unit``. ``rate`` is that of its currency for one of the company's.
    """

    id: int
    amount: Decimal
    unit: Decimal
    company: int
    contact: int
    day: date
    rate: Decimal
    lines: list[OrderLine]


class InvoiceLine(NamedTuple):
    """A line of a posted invoice or credit note, in the currency of its order.

    Lines without an order have none, and the ``rate`` of the document.
    """

    document: int
    company: int
    contact: int
    day: date
    is_credit: bool
    quantity: Decimal
    amount: Decimal
    order_line: int | None
    rate: Decimal = Decimal(1)
    reversed_document: int | None = None


class Row(NamedTuple):
    """A purchase, or a return if it has an origin or is negative."""

    company: int
    customer: int
    day: date
    amount: Decimal
    document: tuple[str, int]
    origin: tuple[str, int] | None = None


class Facts(NamedTuple):
    """The facts of a customer on a day; None if unknown."""

    first_order_date: date | None = None
    last_order_date: date | None = None
    order_count: int = 0
    purchase_day_count: int = 0
    order_total: Decimal | None = None
    order_total_6m: Decimal | None = None
    order_total_12m: Decimal | None = None
    order_total_prev_12m: Decimal | None = None
    average_order_value: Fraction | None = None
    order_interval_days: Fraction | None = None
    order_trend: Fraction | None = None
    order_trend_6m: Fraction | None = None


# ------------------------------------------------------------
# Purchases
# ------------------------------------------------------------


def to_company(amount, rate, digits):
    """Return an amount in the company's currency, rounded half up."""
    return (amount / rate).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def get_rows(orders, invoice_lines, customers, digits):
    """Return the purchases and returns from orders and from invoices without one.

    :param customers: ``{contact: customer}``
    :param digits: ``{company: decimal places of its currency}``
    """
    by_order_line = defaultdict(list)
    free = defaultdict(list)
    for line in invoice_lines:
        if line.order_line:
            by_order_line[line.order_line].append(line)
        else:
            free[line.document].append(line)
    rows = []
    for order in orders:
        rows += get_order_rows(order, by_order_line, customers, digits[order.company])
    return rows + get_free_rows(free, customers, digits)


def get_order_rows(order, by_order_line, customers, digits):
    """Return the purchase of an order, and its returns by document."""
    key = "sale.order", order.id
    amount = order.amount
    returned = defaultdict(list)  # by day and document
    for line in order.lines:
        bought, credits = get_line(line, by_order_line[line.id])
        amount += bought - line.amount
        for day, document, credited in credits:
            returned[day, document].append(credited)
    amount = to_company(amount, order.rate, digits)
    if not amount:
        return []
    customer = customers[order.contact]
    rows = [Row(order.company, customer, order.day, amount, key)]
    if amount < 0:
        return rows
    # All parts together are the whole, to the cent.
    total, before, parts = Decimal(0), Decimal(0), 0
    for (day, document), credited in sorted(returned.items()):
        total += sum(credited)
        parts += len(credited)
        after = to_company(total, order.rate, digits)
        if abs(amount - after) <= to_company(parts * order.unit, order.rate, digits):
            after = amount
        if after != before:
            document = "account.move", document
            rows.append(
                Row(order.company, customer, day, before - after, document, key)
            )
        before = after
    return rows


def get_line(line, invoice_lines):
    """Return what was bought by a line, and ``[(day, document, amount)]`` of returns.

    What left the customer's bill and is still missing there was returned: not what was
    billed again, and not what the line doesn't have any more.
    """
    sign = 1 if line.amount >= 0 else -1
    billed, credits = Decimal(0), []
    for item in invoice_lines:
        if item.is_credit == (item.quantity >= 0):
            # A credit note, or goods taken back with an invoice.
            credited = item.amount if item.is_credit else -item.amount
            credits.append((item.day, item.document, sign * credited))
        else:
            billed += sign * (-item.amount if item.is_credit else item.amount)
    bought = sign * line.amount
    if line.is_closed_short:
        bought = min(bought, billed)
    missing = bought - billed + sum(amount for _day, _document, amount in credits)
    returned = []
    for day, document, amount in sorted(merge(credits), reverse=True):
        part = max(min(amount, missing), Decimal(0))
        missing -= part
        if part:
            returned.append((day, document, sign * part))
    return sign * bought, returned


def merge(credits):
    """Return credits with those of the same document added up."""
    found = defaultdict(Decimal)
    for day, document, amount in credits:
        found[day, document] += amount
    return [(day, document, amount) for (day, document), amount in found.items()]


def get_free_rows(free, customers, digits):
    """Return purchases of invoice lines without an order, and their credits."""
    rows, rates = [], {}
    for document, lines in sorted(free.items()):
        first = lines[0]
        places = digits[first.company]
        origin = first.reversed_document
        amount = sum(line.amount for line in lines)
        key = "account.move", document
        customer = customers[first.contact]
        row = Row(first.company, customer, first.day, Decimal(0), key)
        if not first.is_credit:
            rates[document] = first.rate
            row = row._replace(amount=to_company(amount, first.rate, places))
        elif origin in rates:
            amount = to_company(amount, rates[origin], places)
            row = row._replace(amount=-amount, origin=("account.move", origin))
        else:
            row = row._replace(amount=-to_company(amount, first.rate, places))
        if row.amount:
            rows.append(row)
    return rows


# ------------------------------------------------------------
# Facts
# ------------------------------------------------------------


def get_facts(rows, as_of):
    """Return the facts of a customer in a company on a day."""
    rows = [row for row in rows if row.day <= as_of]
    if not rows:
        return Facts()
    left = defaultdict(Decimal)
    for row in rows:
        left[row.origin or row.document] += row.amount
    purchases = [
        row
        for row in rows
        if not row.origin and row.amount > 0 and left[row.document] > 0
    ]
    days = sorted({row.day for row in purchases})

    def get_sum(months, since=0):
        """Return the sum of some months, up to the day or to some months before it."""
        start, end = months_before(as_of, months), months_before(as_of, since)
        return sum((row.amount for row in rows if start < row.day <= end), Decimal(0))

    def get_trend(months):
        before = get_sum(2 * months, months)
        if not days or days[0] > months_before(as_of, 2 * months) or not before:
            return None
        return Fraction(get_sum(months)) / Fraction(before) - 1

    total = sum(row.amount for row in rows)
    return Facts(
        first_order_date=days[0] if days else None,
        last_order_date=days[-1] if days else None,
        order_count=len(purchases),
        purchase_day_count=len(days),
        order_total=total,
        order_total_6m=get_sum(6),
        order_total_12m=get_sum(12),
        order_total_prev_12m=get_sum(24, 12),
        average_order_value=Fraction(total) / len(purchases) if purchases else None,
        order_interval_days=(
            Fraction((days[-1] - days[0]).days, len(days) - 1)
            if len(days) > 1
            else None
        ),
        order_trend=get_trend(12),
        order_trend_6m=get_trend(6),
    )
