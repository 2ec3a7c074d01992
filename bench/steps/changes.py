"""Changes of orders between two nights."""

from datetime import datetime, time

from ..generate import draw
from .common import get_day

# Shares of the changes: new, edited and cancelled orders; the rest are confirmed
# quotations.
NEW, EDITED, CANCELLED = 0.5, 0.25, 0.15


def change_orders(env, count, after=1):
    """Change ``count`` orders, ``after`` days after the last run.

    Customers get new orders in proportion to their number of orders; the other changes
    are of the latest orders. The write date is now, because the watermark of runs uses
    the clock; all other dates are on the day.
    """
    day = get_day(env, after)
    new, edited = round(count * NEW), round(count * EDITED)
    cancelled = round(count * CANCELLED)
    env.cr.execute("SELECT MIN(id), MAX(id) FROM sale_order")
    first, last = env.cr.fetchone()
    names = {
        "day": datetime.combine(day, time(9)),
        "first": first,
        "last": last,
        # Select other orders each time.
        "seed": day.toordinal() + last,
    }
    done = {"day": day}
    done.update(_change_latest(env, names, count, edited, cancelled))
    done["new"] = _add_orders(env, names, new)
    env.cr.commit()
    return {**done, "changed": sum(v for k, v in done.items() if k != "day")}


def _change_latest(env, names, count, edited, cancelled):
    """Edit, cancel and confirm some of the latest orders."""
    confirmed = count - round(count * NEW) - edited - cancelled
    env.cr.execute(
        f"""
        WITH latest AS (
            SELECT id, state = 'sale' AS is_order,
                   row_number() OVER (PARTITION BY state = 'sale' ORDER BY
                                      {draw("id", 1, names["seed"])}) AS place
              FROM sale_order
             WHERE id > %(last)s - 20 * %(count)s AND state <> 'cancel'
               AND create_uid = 1  -- not orders of simulated users
        ), changed AS (
            UPDATE sale_order AS o
               SET state = CASE WHEN NOT l.is_order THEN 'sale'
                                WHEN place > %(edited)s THEN 'cancel'
                                ELSE state END,
                   date_order = CASE WHEN l.is_order THEN date_order
                                     ELSE %(day)s END,
                   amount_untaxed = CASE WHEN is_order AND place <= %(edited)s
                                         THEN amount_untaxed + 10
                                         ELSE amount_untaxed END,
                   amount_total = CASE WHEN is_order AND place <= %(edited)s
                                       THEN amount_total + 10 ELSE amount_total END,
                   write_date = now() AT TIME ZONE 'UTC'
              FROM latest AS l
             WHERE o.id = l.id
               AND place <= CASE WHEN is_order THEN %(edited)s + %(cancelled)s
                                 ELSE %(confirmed)s END
         RETURNING is_order, place)
        SELECT COUNT(*) FILTER (WHERE is_order AND place <= %(edited)s),
               COUNT(*) FILTER (WHERE is_order AND place > %(edited)s),
               COUNT(*) FILTER (WHERE NOT is_order)
          FROM changed
        """,
        {
            **names,
            "count": count,
            "edited": edited,
            "cancelled": cancelled,
            "confirmed": confirmed,
        },
    )
    counts = env.cr.fetchone()
    return dict(zip(("edited", "cancelled", "confirmed"), counts, strict=True))


def _add_orders(env, names, count):
    """Add orders of the day, each for the customer of a random order."""
    source = draw("n", 2, names["seed"])
    env.cr.execute(
        f"""
        INSERT INTO sale_order (
            name, state, company_id, partner_id, partner_invoice_id,
            partner_shipping_id, user_id, team_id, currency_id, currency_rate,
            date_order, validity_date, amount_untaxed, amount_tax, amount_total,
            invoice_status, locked, require_signature, require_payment,
            prepayment_percent, create_uid, create_date, write_uid, write_date)
        SELECT 'N' || %(seed)s || '/' || n, 'sale', o.company_id, o.partner_id,
               o.partner_invoice_id, o.partner_shipping_id, o.user_id, o.team_id,
               o.currency_id, o.currency_rate, v.moment, NULL,
               abs(o.amount_untaxed), 0, abs(o.amount_untaxed), 'to invoice', FALSE,
               TRUE, FALSE, 1, 1, v.moment, 1, now() AT TIME ZONE 'UTC'
          FROM generate_series(1, %(count)s) AS n
    CROSS JOIN LATERAL (
               SELECT %(first)s + floor({source} * (%(last)s - %(first)s + 1)) AS id,
                      %(day)s::timestamp + n * INTERVAL '8 hours' / %(count)s AS moment
               ) AS v
          JOIN sale_order AS o ON o.id = v.id
         ORDER BY n
        """,
        {**names, "count": count},
    )
    return env.cr.rowcount
