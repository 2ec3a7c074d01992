"""Installation hook that opens the ledger, and uninstallation hook."""

from odoo.tools import SQL

from .engine import chain
from .engine.ledger import SCALE


def post_init_hook(env):
    """Open the ledger of each card with its current points.

    One statement opens all cards. It doesn't change the points, except that it rounds
    them to the digits of the ledger.
    """
    env.flush_all()
    env.cr.execute(
        SQL(
            "UPDATE loyalty_card SET points = round(points::numeric, %(scale)s) "
            "WHERE points IS DISTINCT FROM round(points::numeric, %(scale)s)",
            scale=SCALE,
        )
    )
    env.cr.execute(_get_opening_sql(env))
    env.invalidate_all()


def _get_opening_sql(env):
    """Return the SQL that inserts the opening entries."""
    values = {
        "card_id": SQL("c.id"),
        "sequence": SQL("1"),
        "kind": SQL("'opening'"),
        "points": SQL("c.points"),
        "waived": SQL("0"),
        "date": SQL("c.day"),
        "key": SQL("'opening'"),
        "source_model": SQL("NULL"),
        "source_id": SQL("NULL"),
        "origin_id": SQL("NULL"),
        "reason": SQL("NULL"),
        "user_id": SQL("%s", env.uid),
        "create_date": SQL("c.now"),
    }
    values |= {
        "hash": chain.hash_sql(SQL("''"), values),
        "program_id": SQL("c.program_id"),
        "partner_id": SQL("c.partner_id"),
        "company_id": SQL("c.company_id"),
        "remaining": SQL("c.points"),
        "available_date": SQL("CASE WHEN c.points > 0 THEN c.day END"),
        "create_uid": SQL("%s", env.uid),
        "write_uid": SQL("%s", env.uid),
        "write_date": SQL("c.now"),
    }
    return SQL(
        """
        INSERT INTO crm_loyalty_entry (%(names)s)
        SELECT %(values)s
          FROM (SELECT k.id, round(k.points::numeric, %(scale)s) AS points,
                       k.program_id, k.partner_id, p.company_id,
                       %(today)s AS day, now() AT TIME ZONE 'UTC' AS now
                  FROM loyalty_card AS k
                  JOIN loyalty_program AS p ON p.id = k.program_id
                 WHERE k.points <> 0
                   AND NOT EXISTS (SELECT 1 FROM crm_loyalty_entry AS e
                                    WHERE e.card_id = k.id)) AS c
        """,
        names=SQL(", ").join(SQL.identifier(name) for name in values),
        values=SQL(", ").join(values.values()),
        scale=SCALE,
        today=env["res.company"]._get_loyalty_today_sql("p.company_id"),
    )


def uninstall_hook(env):
    """Remove records that refer to our models without a foreign key."""
    _delete_demo_data(env)
    models = ("crm.loyalty.check", "crm.loyalty.adjustment")
    for name in ("mail.activity", "ir.attachment"):
        env[name].with_context(active_test=False).search(
            [("res_model", "in", models)]
        ).unlink()
    env["mail.message"].search([("model", "in", models)]).unlink()
    env["mail.followers"].search([("res_model", "in", models)]).unlink()


def _delete_demo_data(env):
    """Delete the ledger of demo cards, so that the cards can be deleted.

    Cards with a ledger are archived instead, and would keep their program. A demo
    program that has other cards by now stays with them.
    """
    mine = env["ir.model.data"].search([("module", "=", "crm_loyalty")])
    cards = mine.filtered(lambda data: data.model == "loyalty.card").mapped("res_id")
    programs = mine.filtered(lambda data: data.model == "loyalty.program")
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            DELETE FROM crm_loyalty_consumption WHERE award_id IN (%(entries)s);
            DELETE FROM crm_loyalty_adjustment WHERE card_id = ANY(%(cards)s);
            UPDATE crm_loyalty_entry SET origin_id = NULL
             WHERE origin_id IN (%(entries)s);
            DELETE FROM crm_loyalty_entry WHERE card_id = ANY(%(cards)s);
            """,
            entries=SQL(
                "SELECT id FROM crm_loyalty_entry WHERE card_id = ANY(%s)", cards
            ),
            cards=cards,
        )
    )
    env.invalidate_all()
    others = env["loyalty.card"].with_context(active_test=False)
    others = others.search(
        [("program_id", "in", programs.mapped("res_id")), ("id", "not in", cards)]
    )
    programs.filtered(lambda data: data.res_id in others.program_id.ids).unlink()
