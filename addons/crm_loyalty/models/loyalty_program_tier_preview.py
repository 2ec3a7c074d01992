from datetime import timedelta

from markupsafe import escape

from odoo import models
from odoo.tools import SQL, format_date

from ..engine import tiers as engine


class LoyaltyProgram(models.Model):
    """Members who are about to lose a tier, and the tasks about them."""

    _inherit = "loyalty.program"

    def _preview_downgrades(self, day_from, day_to):
        """Return who loses a tier between two days if they earn nothing more.

        It evaluates each card as of the day after its tier ends, and writes nothing.

        :return: rows of ``(day, card, tier, next tier, missing value)``
        """
        Card, Tier = self.env["loyalty.card"], self.env["crm.loyalty.tier"]
        self.env["crm.loyalty.entry"].flush_model()
        Card.flush_model()
        rows = []
        for program in self:
            states = engine.states_sql(
                program._get_tier_policy(),
                SQL("c.crm_loyalty_tier_until + 1"),
                SQL(
                    "c.crm_loyalty_tier_until >= %s AND c.crm_loyalty_tier_until < %s",
                    day_from - timedelta(days=1),
                    day_to,
                ),
            )
            for day, card, tier, after, missing in self.env.execute_query(
                SQL(
                    """
                    %s SELECT s.as_of, s.id, s.tier_id, t.id,
                              s.held - GREATEST(s.extended, s.current)
                         FROM state AS s
                         LEFT JOIN crm_loyalty_tier AS t
                           ON t.program_id = %s AND t.threshold = s.level AND t.active
                        WHERE s.level < s.held
                        ORDER BY s.as_of, s.id
                    """,
                    states,
                    program.id,
                )
            ):
                rows.append(
                    (
                        day,
                        Card.browse(card),
                        Tier.browse(tier),
                        Tier.browse(after),
                        missing,
                    )
                )
        return rows

    def _schedule_downgrade_warnings(self, as_of=None):
        """Schedule one task per customer who is about to lose a tier; return them.

        A card stores the last day of the tier that the task was about, so there is one
        task for each last day.
        """
        tasks = self.env["mail.activity"]
        for program in self.filtered("crm_loyalty_tier_warn_days"):
            due = [
                row
                for row in program._get_downgrades_to_warn_of(as_of)
                if row[1].crm_loyalty_tier_warned_until != row[1].crm_loyalty_tier_until
            ]
            tasks |= program._create_downgrade_activities(due)
            cards = self.env["loyalty.card"].union(*(row[1] for row in due))
            for until, warned in cards.grouped("crm_loyalty_tier_until").items():
                warned.crm_loyalty_tier_warned_until = until
        return tasks

    def _mail_downgrade_warnings(self, as_of=None, checkpoint=None):
        """Mail customers who are about to lose a tier, once for each last day.

        Customers that get no mail, such as those without an address, are skipped until
        the next run.

        :param checkpoint: called after each batch with the number of cards done;
            returns the seconds left
        """
        Card = self.env["loyalty.card"]
        for program in self.filtered("crm_loyalty_tier_warn_template_id"):
            if not program.crm_loyalty_tier_warn_days:
                continue
            due = Card.union(
                *(
                    card
                    for _day, card, *_tiers in program._get_downgrades_to_warn_of(as_of)
                    if card.crm_loyalty_tier_mailed_until != card.crm_loyalty_tier_until
                )
            )
            for _batch, sent in Card._send_notices(
                program.crm_loyalty_tier_warn_template_id,
                "tier_at_risk",
                due,
                checkpoint,
            ):
                for until, cards in sent.grouped("crm_loyalty_tier_until").items():
                    cards.crm_loyalty_tier_mailed_until = until

    def _get_downgrades_to_warn_of(self, as_of=None):
        """Return the rows of `_preview_downgrades` within the days of warning."""
        self.ensure_one()
        day = as_of or self._get_loyalty_today()
        return self._preview_downgrades(
            day + timedelta(days=1),
            day + timedelta(days=self.crm_loyalty_tier_warn_days),
        )

    def _create_downgrade_activities(self, rows):
        """Schedule a task on the customer of each row of `_preview_downgrades`."""
        activity_type = self.env.ref(
            "mail.mail_activity_data_todo", raise_if_not_found=False
        )
        model_id = self.env["ir.model"]._get_id("res.partner")
        values = []
        for lost_on, card, tier, after, missing in rows:
            partner = card.partner_id
            user = (
                partner.user_id
                or partner.commercial_partner_id.user_id
                or self.crm_loyalty_tier_user_id
                or self.env.user
            )
            lang = user.lang or self.env.lang
            translated = self.with_context(lang=lang)
            amount = translated._format_tier_value(missing)
            values.append(
                {
                    "res_model_id": model_id,
                    "res_id": partner.id,
                    "user_id": user.id,
                    "activity_type_id": activity_type.id if activity_type else False,
                    "date_deadline": card.crm_loyalty_tier_until,
                    "summary": translated.env._(
                        "%(customer)s loses %(tier)s",
                        customer=partner.display_name,
                        tier=tier.with_context(lang=lang).name,
                    ),
                    # Escape the name of the tier, because notes are HTML.
                    "note": escape(
                        translated.env._(
                            "On %(date)s the tier becomes %(after)s. Missing to keep "
                            "it: %(amount)s.",
                            date=format_date(translated.env, lost_on),
                            after=after.with_context(lang=lang).name
                            or translated.env._("none"),
                            amount=amount,
                        )
                    ),
                }
            )
        return self.env["mail.activity"].create(values)

    def _format_tier_value(self, value):
        """Format a value as points or as an amount, like the program's thresholds."""
        self.ensure_one()
        if self.crm_loyalty_tier_basis == "spend":
            return self.currency_id.format(value)
        number = self.env["ir.qweb.field.float"].value_to_html(
            value, {"precision": 0 if value == int(value) else 2}
        )
        return f"{number} {self.portal_point_name or ''}".strip()
