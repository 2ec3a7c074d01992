"""The work of the lifecycle as simple loops over customers, for comparison.

The loops do less work: they read only orders, no credit notes, leads, messages or
activities, and store only the stage, no facts, reasons or history.
"""

from dateutil.relativedelta import relativedelta

from odoo import fields

from .generate import TIME_ZONE

BATCH = 1000
# Field of contacts in which the loops store the stage.
STAGE = "color"
STAGES = ("prospect", "first_deal", "growing", "loyal", "churned")


def decide_stage(order_count, last_order, day):
    """Return the number of the stage by the rules of the template T4b."""
    if not order_count:
        stage = "prospect"
    elif last_order <= day - relativedelta(days=90):
        stage = "churned"
    elif order_count >= 4:
        stage = "loyal"
    else:
        stage = "growing" if order_count >= 2 else "first_deal"
    return STAGES.index(stage) + 1


def get_stage(partner, facts, day):
    last = facts["last_order"]
    if last:
        record = partner.with_context(tz=TIME_ZONE)
        last = fields.Datetime.context_timestamp(record, last).date()
    return decide_stage(facts["order_count"], last, day)


def get_windows(day):
    """Return the amounts to sum, with the start and end of their windows."""
    end, year_ago, two_years_ago = (
        fields.Datetime.to_datetime(day - relativedelta(days=-1, months=months))
        for months in (0, 12, 24)
    )
    return {
        "order_total": (None, end),
        "order_total_12m": (year_ago, end),
        "order_total_prev_12m": (two_years_ago, year_ago),
    }


def evaluate_one_by_one(partners, company, day):
    """Read the orders of each customer, and write the stage if it changed."""
    Order = partners.env["sale.order"]
    windows = get_windows(day)
    for partner in partners:
        orders = Order.search(
            [
                ("partner_id", "child_of", partner.id),
                ("company_id", "=", company.id),
                ("state", "=", "sale"),
            ]
        )
        purchases = orders.filtered(lambda order: order.amount_untaxed >= 0)
        facts = {
            "order_count": len(purchases),
            "first_order": min(purchases.mapped("date_order"), default=None),
            "last_order": max(purchases.mapped("date_order"), default=None),
        }
        for name, (begin, end) in windows.items():
            facts[name] = sum(
                order.amount_untaxed / (order.currency_rate or 1)
                for order in orders
                if (not begin or order.date_order >= begin) and order.date_order < end
            )
        stage = get_stage(partner, facts, day)
        if partner[STAGE] != stage:
            partner[STAGE] = stage


def evaluate_in_batches(partners, company, day):
    """Sum the orders of a thousand customers at once, and write by stage."""
    for start in range(0, len(partners), BATCH):
        batch = partners[start : start + BATCH]
        facts = read_facts(batch, company, day)
        by_stage = {}
        for partner in batch:
            stage = get_stage(partner, facts[partner.id], day)
            if partner[STAGE] != stage:
                by_stage.setdefault(stage, []).append(partner.id)
        for stage, ids in by_stage.items():
            batch.browse(ids).write({STAGE: stage})
        batch.env.flush_all()
        batch.env.invalidate_all()


def read_facts(batch, company, day):
    """Return ``{partner id: facts}`` of a batch with four grouped queries."""
    env = batch.env
    contacts = env["res.partner"].search_fetch(
        [("commercial_partner_id", "in", batch.ids)], ["commercial_partner_id"]
    )
    orders = [
        ("partner_id", "in", contacts.ids),
        ("company_id", "=", company.id),
        ("state", "=", "sale"),
    ]
    facts = {partner.id: {"order_count": 0, "last_order": None} for partner in batch}
    for contact, count, first, last in env["sale.order"]._read_group(
        [*orders, ("amount_untaxed", ">=", 0)],
        ["partner_id"],
        ["__count", "date_order:min", "date_order:max"],
    ):
        known = facts[contact.commercial_partner_id.id]
        known["order_count"] += count
        known["first_order"] = min(known.get("first_order") or first, first)
        known["last_order"] = max(known["last_order"] or last, last)
    for name, (begin, end) in get_windows(day).items():
        window = [("date_order", "<", end)]
        if begin:
            window.append(("date_order", ">=", begin))
        for contact, total in env["sale.order"]._read_group(
            orders + window, ["partner_id"], ["amount_untaxed:sum_currency"]
        ):
            known = facts[contact.commercial_partner_id.id]
            known[name] = known.get(name, 0) + total
    return facts
