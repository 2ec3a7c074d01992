from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, format_date


class LoyaltyCard(models.Model):
    """Reminders of points that are about to expire."""

    _inherit = "loyalty.card"

    @api.model
    def _cron_remind(self):
        """Send the due reminders of all programs, in batches."""
        programs = self.env["loyalty.program"].search(
            [("crm_loyalty_expiry_reminder", "=", True)]
        )
        for program in programs:
            cards = program._get_cards_to_remind()
            cards._send_expiry_reminder(checkpoint=self.env["ir.cron"]._commit_progress)

    def _send_expiry_reminder(self, as_of=None, checkpoint=None):
        """Send one mail per card, and mark the lots that it lists.

        Customers that get no mail, such as those without an address, are skipped until
        the next run.
        """
        for program, cards in self.grouped("program_id").items():
            day = as_of or program._get_loyalty_today()
            template = program.crm_loyalty_reminder_template_id.with_context(
                loyalty_as_of=day
            )
            for _batch, sent in self._send_notices(
                template, "points_expiring", cards, checkpoint
            ):
                sent._set_reminded(program, day)

    def _set_reminded(self, program, day):
        """Mark the lots of which the customers were notified.

        Use SQL, because the ORM refuses to write the ledger. The mark changes nothing
        of what was posted.
        """
        if not self:
            return
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_loyalty_entry
                   SET reminded = CASE WHEN expiration_date <= %(late)s
                                       THEN %(last)s ELSE %(first)s END
                 WHERE card_id = ANY(%(cards)s) AND remaining > 0
                   AND expiration_date BETWEEN %(day)s AND %(early)s
                """,
                cards=self.ids,
                day=day,
                first=program.crm_loyalty_reminder_first_days,
                last=program.crm_loyalty_reminder_last_days,
                early=day + timedelta(days=program.crm_loyalty_reminder_first_days),
                late=day + timedelta(days=program.crm_loyalty_reminder_last_days),
            )
        )
        self.env["crm.loyalty.entry"].invalidate_model(["reminded"], flush=False)

    def _get_expiring_lots(self):
        """Return the date and points of the lots in a reminder, soonest first."""
        self.ensure_one()
        day = self.env.context.get("loyalty_as_of")
        day = fields.Date.to_date(day) or self.program_id._get_loyalty_today()
        until = day + timedelta(days=self.program_id.crm_loyalty_reminder_first_days)
        # The mail goes to the owner of the lots.
        lots = self.sudo().crm_loyalty_lot_ids.filtered(
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
        """Return the cards with lots that are due for a reminder.

        Each lot is in two reminders: when the first one is due, and the last one.
        """
        self.ensure_one()
        day = as_of or self._get_loyalty_today()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT e.card_id
                  FROM crm_loyalty_entry AS e
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
                first=self.crm_loyalty_reminder_first_days,
                last=self.crm_loyalty_reminder_last_days,
                early=day + timedelta(days=self.crm_loyalty_reminder_first_days),
                late=day + timedelta(days=self.crm_loyalty_reminder_last_days),
            )
        )
        return self.env["loyalty.card"].browse(card_id for [card_id] in rows)
