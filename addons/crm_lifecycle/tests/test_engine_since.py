from datetime import date

from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.engine import domains
from odoo.addons.crm_lifecycle.engine.effective_dates import (
    FactEvents,
    get_effective_date,
    get_trigger_date_sql,
)


@tagged("post_install", "-at_install")
class TestEngineSince(TransactionCase):
    """Since when conditions have held, computed for one row of facts."""

    FACTS = {
        "first": date(2026, 1, 5),
        "last": date(2026, 1, 20),
        "contact": date(2025, 11, 30),
        "number": 2,
    }

    def _since(
        self, text, *, unchanged=False, held=True, first_new_date=None, no_event=None
    ):
        types = {
            "first": "date",
            "last": "date",
            "contact": "date",
            "number": "integer",
        }
        day = get_effective_date(
            domains.parse(text),
            "p",
            types.get,
            {
                "number": FactEvents(
                    nth_date=lambda number: SQL("p.first + 5 * %s", number),
                    no_event=no_event,
                ),
                "last": FactEvents(first_new_date=first_new_date),
            },
            SQL("%s", unchanged),
            lambda part: SQL("%s", held),
        )
        values = SQL(", ").join(
            SQL("%s AS %s", value, SQL.identifier(name))
            for name, value in self.FACTS.items()
        )
        # The driver can't represent infinity as a date.
        [[found]] = self.env.execute_query(
            SQL("SELECT (%s)::text FROM (SELECT %s) AS p", day, values)
        )
        return found

    def test_silence_begins_days_after_the_last_date(self):
        self.assertEqual(self._since("[('last', '<=', 'today -30d')]"), "2026-02-19")
        self.assertEqual(self._since("[('last', '<', 'today -30d')]"), "2026-02-20")
        self.assertEqual(self._since("[('last', '<=', '-4w')]"), "2026-02-17")

    def test_what_nothing_has_touched_has_held_all_along(self):
        """Without any complaint, the condition has always held."""
        none = "[('number', '=', 0)]"
        self.assertEqual(self._since(none), "infinity")
        self.assertEqual(self._since(none, no_event=SQL("FALSE")), "infinity")
        self.assertEqual(self._since(none, no_event=SQL("TRUE")), "-infinity")

    def test_months_end_where_looking_back_reaches_the_date(self):
        """Three months before 28 February is 28 November: not yet 30 November."""
        self.assertEqual(self._since("[('contact', '<=', 'today -3m')]"), "2026-03-01")
        self.assertEqual(self._since("[('last', '<=', 'today -1y')]"), "2027-01-20")

    def test_turning_days_agree_with_looking_each_day(self):
        for value in ("today -1m", "today -6m", "today -90d", "today -1y"):
            for operator in ("<", "<="):
                for fact in (date(2027, 12, 31), date(2028, 2, 29), date(2028, 8, 30)):
                    [[day]] = self.env.execute_query(
                        SQL(
                            "SELECT %s",
                            get_trigger_date_sql(
                                operator, value, SQL("%s::date", fact)
                            ),
                        )
                    )
                    self.assertEqual(
                        day, domains.get_trigger_date(operator, value, fact)
                    )

    def test_all_conditions_hold_since_the_latest(self):
        self.assertEqual(
            self._since("[('first', '<=', 'today -30d'), ('last', '!=', False)]"),
            "2026-02-04",
        )

    def test_one_of_several_is_enough(self):
        text = "['|', ('last', '<=', 'today -30d'), ('contact', '<=', 'today -30d')]"
        self.assertEqual(self._since(text), "2025-12-30")
        self.assertEqual(self._since(text, held=False), "infinity")

    def test_a_count_holds_since_the_day_of_its_event(self):
        self.assertEqual(self._since("[('number', '>=', 2)]"), "2026-01-15")
        self.assertEqual(self._since("[('number', '>', 2)]"), "2026-01-20")
        self.assertEqual(self._since("[('number', '<', 2)]"), "infinity")

    def test_whoever_comes_back_does_so_by_the_first_event_of_the_step(self):
        text = "[('last', '>', 'today -30d')]"
        self.assertEqual(self._since(text), "2026-01-20")
        day = SQL("DATE '2026-01-12'")
        self.assertEqual(self._since(text, first_new_date=day), "2026-01-12")
        nothing = SQL("NULL::date")
        self.assertEqual(self._since(text, first_new_date=nothing), "-infinity")

    def test_what_no_date_tells_is_unknown_unless_nothing_has_changed(self):
        nobody = "[('first', '=', False)]"
        self.assertEqual(self._since(nobody), "infinity")
        self.assertEqual(self._since(nobody, unchanged=True), "-infinity")
        path = "[('partner_id.name', '=', 'Ada')]"
        self.assertEqual(self._since(path, unchanged=True), "infinity")
        self.assertEqual(
            self._since("[('first', '=', False), ('last', '<=', 'today -30d')]"),
            "infinity",
        )
