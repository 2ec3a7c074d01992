"""A past that is brought in after the activation, and its undo."""

import hashlib
from datetime import date, datetime, time, timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import TODAY, LifecycleCase

HISTORY = """
    SELECT c.ref, f.code, t.code, h.date, h.origin, r.name->>'en_US', h.reason,
           h.facts::text, h.days_in_from_stage, h.is_quiet, h.lifecycle_version,
           h.processed_at IS NULL, h.is_voided
      FROM crm_lifecycle_history AS h
      JOIN res_partner AS c ON c.id = h.partner_id
 LEFT JOIN crm_lifecycle_stage AS f ON f.id = h.from_stage_id
      JOIN crm_lifecycle_stage AS t ON t.id = h.to_stage_id
 LEFT JOIN crm_lifecycle_rule AS r ON r.id = h.rule_id
     WHERE h.company_id = %s"""
PROFILES = """
    SELECT c.ref, s.code, p.stage_date, p.date_last_stage_update, p.review_date,
           p.follow_up_date, p.lifecycle_id,
           ARRAY(SELECT t.code FROM crm_lifecycle_profile_tag_rel AS r
                   JOIN crm_lifecycle_tag AS t ON t.id = r.tag_id
                  WHERE r.profile_id = p.id ORDER BY 1)
      FROM crm_lifecycle_profile AS p
      JOIN res_partner AS c ON c.id = p.partner_id
 LEFT JOIN crm_lifecycle_stage AS s ON s.id = p.stage_id
     WHERE p.company_id = %s"""
DURATIONS = """
    SELECT c.ref, s.code, d.date_entered, d.date_exited, d.cumulative_days
      FROM (%s) AS d
      JOIN res_partner AS c ON c.id = d.partner_id
      JOIN crm_lifecycle_stage AS s ON s.id = d.stage_id"""
PAST = timedelta(days=92)


class RebuildCase(LifecycleCase):
    """Customers of all stages; leads that were won or lost on days of the past."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = TODAY
        cls.classPatch(
            type(cls.company), "_lifecycle_today", lambda company: cls.today
        )
        cls._rule(
            cls.engaged, [("first_seen_date", "<=", "today -10d")], cls.prospect
        )
        cls._rule(cls.customer, [("won_count", ">", 0)], cls.engaged | cls.prospect)
        cls._rule(cls.risk, [("first_seen_date", "<=", "today -45d")], cls.engaged)
        cls.risk.follow_up_days = 5
        cls.env["crm.lifecycle.tag"].create(
            {
                "name": "Long",
                "code": "long",
                "lifecycle_id": cls.lifecycle.id,
                "domain": repr([("stage_date", "<=", "today -20d")]),
            }
        )

    @classmethod
    def _make_customers(cls, count=14):
        partners = cls.env["res.partner"]
        for number in range(count):
            partner = cls._partner(f"P{number}", ref=f"P{number:03}")
            lead = cls._lead(days_ago=2 + 6 * number, partner_id=partner.id)
            if number % 3 == 0:
                lead.action_set_won()
                lead.date_closed = datetime.combine(
                    TODAY - timedelta(days=4 * number), time(12)
                )
            partners |= partner
        cls.env.flush_all()
        return partners

    def _activate(self, months=0, step="month"):
        """Activate as the start wizard does, on the present day of the test."""
        self.env.flush_all()
        self.lifecycle.activation_date = datetime.combine(self.today, time(0))
        Lifecycle = self.env["crm.lifecycle"]
        if months:
            begin = self._get_begin(months)
            Lifecycle._replay(self.company, begin, self.today, step)
        self._run(self.today)

    def _get_begin(self, months):
        from dateutil.relativedelta import relativedelta

        return self.today - relativedelta(months=months)

    def _rebuild(self, months=3, step="month", lifecycle=None, **kwargs):
        self.env.flush_all()
        result = self.env["crm.lifecycle.rebuild"]._rebuild(
            lifecycle or self.lifecycle, self.company, months, step, **kwargs
        )
        self.env.invalidate_all()
        return result

    def _undo(self):
        self.env.flush_all()
        record = self.env["crm.lifecycle.rebuild"]._search_undoable(self.company)
        result = record._undo()
        self.env.invalidate_all()
        return result

    def _read(self, query):
        self.env.flush_all()
        self.env.cr.execute(query, [self.company.id])
        return sorted(map(repr, self.env.cr.fetchall()))

    def _digest(self):
        rows = [*self._read(HISTORY), *self._read(PROFILES)]
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()

    def _get_fresh(self, *args, then=None):
        """Return the rows after a fresh activation with a past, rolled back."""
        with self.env.cr.savepoint() as savepoint:
            self._activate(*args)
            if then:
                then()
            rows = self._read(HISTORY), self._read(PROFILES)
            savepoint.rollback()
        self.env.invalidate_all()
        return rows

    def _assert_like(self, expected):
        history, profiles = expected
        self.assertEqual(self._read(HISTORY), history)
        self.assertEqual(self._read(PROFILES), profiles)

    def _dated_moves(self, profile):
        rows = profile.history_ids.sorted(lambda row: (row.origin != "replay", row.id))
        return [
            (row.date, row.from_stage_id.code or None, row.to_stage_id.code)
            for row in rows
        ]


@tagged("post_install", "-at_install")
class TestRebuild(RebuildCase):
    def test_it_is_the_same_as_an_activation_with_that_past(self):
        self._make_customers()
        for step in ("month", "day"):
            with self.subTest(step=step), self.env.cr.savepoint() as savepoint:
                expected = self._get_fresh(3, step)
                self._activate()
                self.assertNotEqual(self._read(HISTORY), expected[0])
                self._rebuild(3, step)
                self._assert_like(expected)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_an_undo_leaves_everything_as_it_was(self):
        self._make_customers()
        self._activate()
        before, ids = self._digest(), self.env["crm.lifecycle.history"].search([]).ids
        self._rebuild()
        self.assertNotEqual(self._digest(), before)
        back, left = self._undo()
        self.assertEqual((back, left), (14, 0))
        self.assertEqual(self._digest(), before)
        self.assertEqual(self.env["crm.lifecycle.history"].search([]).ids, ids)
