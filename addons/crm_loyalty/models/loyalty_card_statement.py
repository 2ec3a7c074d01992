from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.tools import SQL, format_date


class LoyaltyCard(models.Model):
    """The statement of a card, which the customer reads."""

    _inherit = "loyalty.card"

    def _get_statement(self, date_from=None, date_to=None):
        """Return the content of the statement of a card, by default of twelve months.

        :return: a dict of ``date_from`` and ``date_to``, ``opening`` and ``closing``
            balance, ``lines`` (oldest first: date, text, points, balance after it,
            days), ``totals`` by kind of entry with their label, and ``expiring``
            (day, points), soonest first
        """
        self.ensure_one()
        today = self.program_id._get_loyalty_today()
        date_to = fields.Date.to_date(date_to) or today
        date_from = fields.Date.to_date(date_from) or date_to - relativedelta(
            years=1, days=-1
        )
        Entry = self.env["crm.loyalty.entry"]
        opening = self._get_balance_before(date_from)
        entries = Entry.search(
            [
                ("card_id", "=", self.id),
                ("date", ">=", date_from),
                ("date", "<=", date_to),
            ],
            order="date, sequence",
        )
        lines = entries._get_statement_lines(opening)
        return {
            "date_from": date_from,
            "date_to": date_to,
            "opening": opening,
            "closing": lines[-1]["balance"] if lines else opening,
            "lines": lines,
            "totals": entries._get_statement_totals(),
            "expiring": self._get_expiring(today),
        }

    def _get_balance_before(self, day):
        """Return the sum of the points posted before a day."""
        self.ensure_one()
        self.env["crm.loyalty.entry"].flush_model()
        [[balance]] = self.env.execute_query(
            SQL(
                "SELECT COALESCE(SUM(points), 0) FROM crm_loyalty_entry "
                "WHERE card_id = %s AND date < %s",
                self.id,
                day,
            )
        )
        return float(balance)

    def _get_expiring(self, today):
        """Return ``[(day, points)]`` of the lots that expire, soonest first."""
        self.ensure_one()
        return [
            (day, points)
            for day, points in self.env["crm.loyalty.entry"]._read_group(
                [
                    ("card_id", "=", self.id),
                    ("remaining", ">", 0),
                    ("expiration_date", ">=", today),
                ],
                ["expiration_date:day"],
                ["remaining:sum"],
                order="expiration_date:day",
            )
        ]

    def _format_tier_status(self):
        """Return the texts about the tier for the customer.

        :return: a dict of ``until``, ``next`` and ``keep``, each possibly empty
        """
        self.ensure_one()
        texts = {"until": "", "next": "", "keep": ""}
        program = self.program_id
        if self.crm_loyalty_tier_until:
            texts["until"] = self.env._(
                "until %(date)s", date=self._format_day(self.crm_loyalty_tier_until)
            )
        if self.crm_loyalty_next_tier_id:
            words = {
                "amount": program._format_tier_value(
                    self.crm_loyalty_spend_needed or self.crm_loyalty_points_needed
                ),
                "tier": self.crm_loyalty_next_tier_id.name,
            }
            if self.crm_loyalty_date_needed:
                texts["next"] = self.env._(
                    "%(amount)s more by %(date)s to reach %(tier)s",
                    date=self._format_day(self.crm_loyalty_date_needed),
                    **words,
                )
            else:
                texts["next"] = self.env._("%(amount)s more to reach %(tier)s", **words)
        if self.crm_loyalty_tier_until and self.crm_loyalty_tier_keep_needed:
            texts["keep"] = self.env._(
                "%(amount)s more to keep %(tier)s",
                amount=program._format_tier_value(self.crm_loyalty_tier_keep_needed),
                tier=self.crm_loyalty_tier_id.name,
            )
        return texts

    def _format_expiring(self, day, points):
        """Return the text about points that expire on a day."""
        return self.env._(
            "%(points)s on %(date)s",
            points=self._format_points(points),
            date=self._format_day(day),
        )

    def _format_statement_title(self, statement):
        """Return a summary of the statement in one line."""
        return self.env._(
            "%(program)s, card %(card)s, from %(date_from)s to %(date_to)s",
            program=self.program_id.name,
            card=self.code,
            date_from=self._format_day(statement["date_from"]),
            date_to=self._format_day(statement["date_to"]),
        )

    def _format_day(self, day):
        """Format a day in the language of the reader."""
        return format_date(self.env, day)

    def _get_report_base_filename(self):
        self.ensure_one()
        return self.env._("Statement %(card)s", card=self.code)

    def _format_signed(self, points):
        """Format points with their sign, in the language of the reader."""
        number = self.env["ir.qweb.field.float"].value_to_html(
            abs(points), {"precision": 0 if points == int(points) else 2}
        )
        return f"{'+' if points > 0 else '−' if points < 0 else ''}{number}"


class CrmLoyaltyEntry(models.Model):
    _inherit = "crm.loyalty.entry"

    def _get_statement_lines(self, balance):
        """Return the entries as lines of a statement that starts at a balance."""
        texts = self._get_statement_texts()
        lines = []
        for entry in self:
            balance += entry.points
            lines.append(
                {
                    "entry": entry,
                    "date": entry.date,
                    "text": texts[entry],
                    "points": entry.points,
                    "balance": balance,
                    "expires": entry.expiration_date,
                }
            )
        return lines

    def _get_statement_totals(self):
        """Return the label and the points of each kind of entry in the statement."""
        totals = {}
        for entry in self:
            totals[entry.kind] = totals.get(entry.kind, 0) + entry.points
        kinds = self._fields["kind"]._description_selection(self.env)
        return [(label, totals[kind]) for kind, label in kinds if kind in totals]

    def _get_statement_texts(self):
        """Return the text of each entry for the customer.

        It is the name of a document or the reason of a bonus, but never the reason of
        an adjustment, which is internal.
        """
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        names = {}
        for model, entries in self.grouped("source_model").items():
            if model and model in self.env and model != "crm.loyalty.bonus.rule":
                # Only the names of the customer's own documents.
                ids = list({entry.source_id for entry in entries})
                for document in self.env[model].sudo().browse(ids).exists():
                    names[model, document.id] = document.display_name
        texts = {}
        for entry in self:
            label = kinds[entry.kind]
            name = names.get((entry.source_model, entry.source_id))
            if name:
                texts[entry] = f"{label}: {name}"
            else:
                texts[entry] = (entry.kind == "bonus" and entry.reason) or label
        return texts
