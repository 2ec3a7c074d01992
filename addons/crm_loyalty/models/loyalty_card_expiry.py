import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_date, split_every

_logger = logging.getLogger(__name__)

BATCH = 5000
# Mails of a transaction.
MAILS = 100


class LoyaltyCard(models.Model):
    """Points that expire, and customers who are told before."""

    _inherit = "loyalty.card"

    # ------------------------------------------------------------
    # Expiry
    # ------------------------------------------------------------

    @api.model
    def _cron_expire(self):
        """Take off all lots whose last day is over, in batches."""
        self._expire_points(checkpoint=self.env["ir.cron"]._commit_progress)

    @api.model
    def _expire_points(self, as_of=None, checkpoint=None):
        """Expire the lots whose last day is before ``as_of``, today by default.

        Today is the day of the programme's company. ``checkpoint`` is called with
        the number of cards done after each batch, and returns the seconds left.
        Return the entries, one for each card.
        """
        entries = self.env["loyalty.point.entry"]
        while lots := self._get_expired_lots(as_of):
            cards = self.browse(lots)
            days = self._get_days_of(cards.program_id, as_of)
            # One program at a time is read from the cache for all cards.
            entries += self._post_many(
                [
                    {
                        "card": card,
                        "kind": "expire",
                        "lots": entries.browse(lots[card.id]),
                        "date": days[card.program_id],
                    }
                    for card in cards
                ],
                quiet=True,
            )
            if checkpoint and not checkpoint(len(cards)):
                break
        return entries

    @api.model
    def _get_expired_lots(self, as_of, limit=BATCH):
        """Return the expired lots of some cards, by card, and lock the cards.

        Cards that somebody is posting on are left for the next time.
        """
        day = SQL("%s::date", as_of) if as_of else self._get_today_sql("p.company_id")
        rows = self.env.execute_query(
            SQL(
                """
                SELECT c.id, (SELECT array_agg(e.id) FROM loyalty_point_entry AS e
                               WHERE e.card_id = c.id AND e.remaining > 0
                                 AND e.expiration_date < %(day)s)
                  FROM loyalty_card AS c
                  JOIN loyalty_program AS p ON p.id = c.program_id
                 WHERE c.id IN (
                       SELECT e.card_id FROM loyalty_point_entry AS e
                         JOIN loyalty_program AS p ON p.id = e.program_id
                        WHERE e.remaining > 0 AND e.expiration_date < %(day)s
                     GROUP BY e.card_id
                        LIMIT %(limit)s)
              ORDER BY c.id
                   FOR NO KEY UPDATE OF c SKIP LOCKED
                """,
                day=day,
                limit=limit,
            )
        )
        return dict(rows)

    @api.model
    def _get_today_sql(self, company):
        return self.env["res.company"]._get_loyalty_today_sql(company)

    @api.model
    def _get_days_of(self, programs, as_of=None):
        return {program: as_of or program._get_loyalty_today() for program in programs}

    # ------------------------------------------------------------
    # Reminders
    # ------------------------------------------------------------

    @api.model
    def _cron_remind(self):
        """Remind customers of points that are about to expire."""
        programs = self.env["loyalty.program"].search([("expiry_reminder", "=", True)])
        for program in programs:
            cards = program._get_cards_to_remind()
            for some in split_every(MAILS, cards.ids, self.browse):
                some._send_expiry_reminder()
                if not self.env["ir.cron"]._commit_progress(len(some)):
                    return

    def _send_expiry_reminder(self, as_of=None):
        """Send one mail for each card, and note of which lots it told.

        Whoever has no address is told nothing, and is asked again next time; so is
        whose mail fails, which keeps nobody else's back.
        """
        for card in self:
            template = card.program_id.reminder_template_id
            if not template or not card._mail_get_customer().email:
                continue
            day = as_of or card.program_id._get_loyalty_today()
            try:
                with self.env.cr.savepoint():
                    template.with_context(loyalty_as_of=day).send_mail(
                        card.id, email_layout_xmlid="mail.mail_notification_light"
                    )
                    card._set_reminded(day)
            except Exception:
                _logger.exception("Reminder of points of the card %s", card.id)
                self.env.invalidate_all()
        self.env["loyalty.point.entry"].invalidate_model(["reminded"], flush=False)

    def _set_reminded(self, day):
        """Note of which lots the customer was told.

        In plain SQL, since the ORM refuses to write the ledger: this tells who was
        told, never what was posted.
        """
        self.ensure_one()
        program = self.program_id
        self.env.cr.execute(
            SQL(
                """
                UPDATE loyalty_point_entry
                   SET reminded = CASE WHEN expiration_date <= %(late)s
                                       THEN %(last)s ELSE %(first)s END
                 WHERE card_id = %(card)s AND remaining > 0
                   AND expiration_date BETWEEN %(day)s AND %(early)s
                """,
                card=self.id,
                day=day,
                first=program.reminder_first_days,
                last=program.reminder_last_days,
                early=day + timedelta(days=program.reminder_first_days),
                late=day + timedelta(days=program.reminder_last_days),
            )
        )

    def _get_expiring_lots(self):
        """Return all lots of which a reminder tells, the first to expire first."""
        self.ensure_one()
        day = self.env.context.get("loyalty_as_of")
        day = fields.Date.to_date(day) or self.program_id._get_loyalty_today()
        until = day + timedelta(days=self.program_id.reminder_first_days)
        # The customer may know what is their own.
        lots = self.sudo().lot_ids.filtered(
            lambda lot: (
                lot.remaining > 0
                and lot.expiration_date
                and day <= lot.expiration_date <= until
            )
        )
        lang = self.partner_id.lang
        return [
            {
                "date": format_date(self.env, lot.expiration_date, lang_code=lang),
                "points": self._format_points(lot.remaining),
            }
            for lot in lots.sorted(lambda lot: (lot.expiration_date, lot.id))
        ]


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    def _get_cards_to_remind(self, as_of=None):
        """Return cards with lots of which the customer was not told yet.

        A lot is told of twice: when the first, and when the last reminder is due.
        """
        self.ensure_one()
        day = as_of or self._get_loyalty_today()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT e.card_id
                  FROM loyalty_point_entry AS e
                  JOIN loyalty_card AS c ON c.id = e.card_id AND c.active
                 WHERE e.program_id = %(program)s AND e.remaining > 0
                   AND e.expiration_date >= %(day)s
                   AND (e.expiration_date <= %(late)s
                        AND COALESCE(e.reminded, 0) <> %(last)s
                        OR e.expiration_date <= %(early)s
                        AND COALESCE(e.reminded, 0) NOT IN (%(first)s, %(last)s))
              ORDER BY e.card_id
                """,
                program=self.id,
                day=day,
                first=self.reminder_first_days,
                last=self.reminder_last_days,
                early=day + timedelta(days=self.reminder_first_days),
                late=day + timedelta(days=self.reminder_last_days),
            )
        )
        return self.env["loyalty.card"].browse(card_id for [card_id] in rows)
