"""Expected purchases and facts of customers, in plain Python.

An independent computation for the tests: it gets the documents as they stand, shares no
code with the addons, and goes document by document without regard to speed.
"""

from collections import defaultdict
from datetime import date, datetime
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
    """A line of a posted invoice or credit note, in the currency of the document.

    ``booked`` is its amount in the company's currency, which Odoo rounds line by line.
    """

    document: int
    company: int
    contact: int
    day: date
    is_credit: bool
    quantity: Decimal
    amount: Decimal
    order_line: int | None
    booked: Decimal = Decimal(0)
    reversed_document: int | None = None
    product: int | None = None


class TillLine(NamedTuple):
    """A line of a till order; may refund another one, or settle a line of an order."""

    id: int
    product: int
    quantity: Decimal
    amount: Decimal
    refunded_line: int | None = None
    order_line: int | None = None


class TillOrder(NamedTuple):
    """A paid till order, in the currency of its till and of the orders it settles.

    ``time`` orders refunds; ``contact`` and ``invoice`` are None if it has none.
    """

    id: int
    company: int
    contact: int | None
    day: date
    time: datetime
    rate: Decimal
    unit: Decimal
    invoice: int | None
    lines: list[TillLine]


class Billing(NamedTuple):
    """What a document bills of a line of an order, or credits of it."""

    day: date
    document: tuple[str, int]
    is_credit: bool
    amount: Decimal


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


def get_rows(orders, invoice_lines, customers, digits, till_orders=()):
    """Return the purchases and returns of orders, of the till and of invoices.

    :param customers: ``{contact: customer}``
    :param digits: ``{company: decimal places of its currency}``
    """
    till = Till(till_orders, invoice_lines)
    billings = defaultdict(list, till.get_billings())
    free = defaultdict(list)
    for line in invoice_lines:
        if line.order_line:
            billings[line.order_line].append(get_billing(line))
        elif not till.has_invoice(line):
            free[line.document].append(line)
    rows = []
    for order in orders:
        rows += get_order_rows(order, billings, customers, digits[order.company])
    for order in till_orders:
        if order.contact:
            places = digits[order.company]
            rows += till.get_rows(order, customers[order.contact], places)
    return rows + get_free_rows(free, customers, digits)


def get_order_rows(order, billings, customers, digits):
    """Return the purchase of an order, and its returns by document."""
    key = "sale.order", order.id
    amount = order.amount
    returned = defaultdict(list)  # by day and document
    for line in order.lines:
        bought, credits = get_line(line, billings[line.id])
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
            rows.append(
                Row(order.company, customer, day, before - after, document, key)
            )
        before = after
    return rows


def get_billing(line):
    """Return what an invoice line bills, or credits: goods may come back with it."""
    is_credit = line.is_credit == (line.quantity >= 0)
    amount = line.amount if is_credit == line.is_credit else -line.amount
    return Billing(line.day, ("account.move", line.document), is_credit, amount)


def get_line(line, billings):
    """Return what was bought by a line, and ``[(day, document, amount)]`` of returns.

    What left the customer's bill and is still missing there was returned: not what was
    billed again, and not what the line doesn't have any more.
    """
    sign = 1 if line.amount >= 0 else -1
    billed, credits = Decimal(0), []
    for item in billings:
        if item.is_credit:
            credits.append((item.day, item.document, sign * item.amount))
        else:
            billed += sign * item.amount
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


class Till:
    """The orders of the till, with the credit notes of their invoices.

    A line belongs to its till order, except one that settles a line of an order of
    Sales, or refunds another line. Credit notes don't name the lines that they credit,
    only products: they return the settled lines with their products first, then what
    the till orders sold besides, one after the other, as far as the till hasn't
    refunded it.
    """

    def __init__(self, orders, invoice_lines):
        self.orders = sorted(orders, key=lambda order: order.id)
        self.lines = {line.id: line for order in orders for line in order.lines}
        self.invoices = {order.invoice for order in orders if order.invoice}
        self.refunds = self._get_refunds()
        self.settled = defaultdict(list)  # credits by line of an order of Sales
        self.returned = defaultdict(list)  # credits by till order
        for invoice in self.invoices:
            self._share_credits(invoice, invoice_lines)

    def _get_refunds(self):
        """Return ``{line: [(order, line that refunds it)]}``, by time."""
        refunds = defaultdict(list)
        for order in sorted(self.orders, key=lambda order: (order.time, order.id)):
            for line in sorted(order.lines, key=lambda line: line.id):
                if line.refunded_line:
                    refunds[line.refunded_line].append((order, line))
        return refunds

    def has_invoice(self, line):
        """Return whether the line is of a till order's invoice or its credit note."""
        return bool({line.document, line.reversed_document} & self.invoices)

    def get_own_lines(self, order):
        return [
            line
            for line in order.lines
            if not line.refunded_line and not line.order_line
        ]

    # ------------------------------------------------------------
    # Orders of Sales
    # ------------------------------------------------------------

    def get_billings(self):
        """Return ``{line of an order of Sales: [Billing]}``."""
        billings = defaultdict(list, self.settled)
        for order in self.orders:
            document = "pos.order", order.id
            for line in order.lines:
                settling = self.lines.get(line.refunded_line, line)
                if not settling.order_line:
                    continue
                is_credit = bool(line.refunded_line) or line.quantity < 0
                amount = -line.amount if is_credit else line.amount
                billings[settling.order_line].append(
                    Billing(order.day, document, is_credit, amount)
                )
        return billings

    # ------------------------------------------------------------
    # Till orders
    # ------------------------------------------------------------

    def get_rows(self, order, customer, digits):
        """Return the purchase of a till order, and its returns by document."""
        key = "pos.order", order.id
        sold = sum((line.amount for line in self.get_own_lines(order)), Decimal(0))
        amount = to_company(sold, order.rate, digits)
        if not amount:
            return []
        rows = [Row(order.company, customer, order.day, amount, key)]
        if amount < 0:
            return rows
        returns = self.get_refunded(order) + self.returned[order.id]
        total, before = Decimal(0), Decimal(0)
        for day, document, part in sorted(merge(returns)):
            total += part
            after = to_company(min(total, sold), order.rate, digits)
            if after != before:
                row = Row(order.company, customer, day, before - after, document, key)
                rows.append(row)
            before = after
        return rows

    def get_refunded(self, order):
        """Return ``[(day, document, amount)]`` of what the till refunded of an order.

        If all of a line is refunded, no cents are left of it.
        """
        found = []
        for line in self.get_own_lines(order):
            quantity = amount = Decimal(0)
            for number, (refund, back) in enumerate(self.refunds[line.id], 1):
                part = -back.amount
                quantity -= back.quantity
                amount += part
                rest = line.amount - amount
                if quantity == line.quantity and abs(rest) <= number * order.unit:
                    part += rest
                found.append((refund.day, ("pos.order", refund.id), part))
        return found

    # ------------------------------------------------------------
    # Credit notes
    # ------------------------------------------------------------

    def _share_credits(self, invoice, invoice_lines):
        """Share the credit notes of an invoice among lines and till orders."""
        notes = defaultdict(lambda: defaultdict(Decimal))  # by product
        for line in invoice_lines:
            if (
                line.is_credit
                and line.reversed_document == invoice
                and line.document not in self.invoices
            ):
                notes[line.day, line.document][line.product] += line.amount
        orders = [order for order in self.orders if order.invoice == invoice]
        claims = self._get_claims(orders)
        rests = []
        for order in orders:
            sold = sum((line.amount for line in self.get_own_lines(order)), Decimal(0))
            refunded = sum(part for _day, _key, part in self.get_refunded(order))
            rests.append(max(sold - refunded, Decimal(0)))
        own_before, before = Decimal(0), defaultdict(Decimal)
        for (day, note), products in sorted(notes.items()):
            document = "account.move", note
            own = sum(products.values())
            for product, credited in products.items():
                sign = -1 if sum(amount for _line, amount in claims[product]) < 0 else 1
                parts = share(
                    [sign * amount for _line, amount in claims[product]],
                    sign * before[product],
                    sign * credited,
                )
                for (line, _amount), part in zip(claims[product], parts, strict=True):
                    own -= sign * part
                    billing = Billing(day, document, True, sign * part)
                    self.settled[line].append(billing)
                before[product] += credited
            for order, part in zip(orders, share(rests, own_before, own), strict=True):
                self.returned[order.id].append((day, document, part))
            own_before += own

    def _get_claims(self, orders):
        """Return ``{product: [(line of an order of Sales, what is left of it)]}``."""
        claims = defaultdict(list)
        lines = [line for order in orders for line in order.lines]
        for line in sorted(lines, key=lambda line: line.id):
            if line.order_line and not line.refunded_line:
                refunds = self.refunds[line.id]
                left = line.amount + sum(back.amount for _order, back in refunds)
                claims[line.product].append((line.order_line, left))
        return claims


def share(claims, before, amount):
    """Return the parts of an amount for claims, one after the other.

    ``before`` was shared among them already.
    """
    parts, start = [], Decimal(0)
    for claim in claims:
        claim = max(claim, Decimal(0))
        taken = [
            min(max(total - start, Decimal(0)), claim)
            for total in (before, before + amount)
        ]
        parts.append(taken[1] - taken[0])
        start += claim
    return parts


def get_free_rows(free, customers, digits):
    """Return purchases of invoice lines without an order, and their credits.

    A credit note returns its share of what was booked with the invoice.
    """
    rows, purchases = [], {}
    for document, lines in sorted(free.items()):
        first = lines[0]
        amount = sum(line.amount for line in lines)
        booked = sum(line.booked for line in lines)
        key = "account.move", document
        customer = customers[first.contact]
        row = Row(first.company, customer, first.day, booked, key)
        origin = first.reversed_document
        if not first.is_credit:
            if booked > 0:
                purchases[document] = amount, booked
        elif origin in purchases:
            invoiced, bought = purchases[origin]
            share = to_company(amount * bought, invoiced, digits[first.company])
            amount = -min(share, bought)
            row = row._replace(amount=amount, origin=("account.move", origin))
        else:
            row = row._replace(amount=-booked)
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
