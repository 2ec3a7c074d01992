import unittest
from datetime import time

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.tests.common import TODAY

try:
    from odoo.addons.crm_lifecycle_project.tests.common import TaskCase
except ImportError:  # any kind will do, and Odoo itself has tasks
    TaskCase = None
if TaskCase is None:
    raise unittest.SkipTest("No kind of ticket is there.")


@tagged("post_install", "-at_install")
class TestTicketReport(TaskCase):
    """Waiting times and satisfaction by the customer's stage at that time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "lifecycle_is_service_desk" not in cls.env["project.project"]._fields:
            raise unittest.SkipTest("Tasks are no tickets here.")
        cls.Report = cls.env["crm.lifecycle.ticket.report"]
        cls.ada = cls._customer("Ada")
        cls.ada._lifecycle_move(
            cls.customer, origin="manual", as_of=TODAY, reason="Test", quiet=True
        )
        cls.partner = cls.ada.partner_id

    def _read(self, *measures, by=(), user=None):
        report = self.Report.with_user(user) if user else self.Report
        return report._read_group(
            [("company_id", "=", self.company.id)], list(by), list(measures)
        )

    def test_hours_until_the_first_answer(self):
        for hours in (1, 2, 6):
            ticket = self._ticket(self.partner, at=time(8))
            self._answer(ticket, at=time(8 + hours))
            self._answer(ticket, at=time(20))
        self._ticket(self.partner, at=time(8))
        self.assertEqual(
            self._read(
                "ticket_count:sum",
                "response_hours:avg",
                "response_median:avg",
                "answered_rate:avg",
            ),
            [(4, 3, 2, 0.75)],
        )

    def test_a_ticket_that_staff_opened_was_answered_at_once(self):
        """Its first message is no answer, and it waits for none."""
        ticket = self._ticket(self.partner, at=time(8))
        self._answer(ticket, at=time(10))
        for _ticket in range(2):
            ticket = self._ticket(self.partner, at=time(8))
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE project_task SET create_uid = %s WHERE id = %s",
                [self.salesperson.id, ticket.id],
            )
            self._answer(ticket, at=time(8))
        measures = ("ticket_count:sum", "response_hours:avg", "answered_rate:avg")
        self.assertEqual(self._read(*measures), [(3, 2, 1)])
        self._answer(ticket, at=time(9), author=self.partner)
        self.assertEqual(self._read(*measures), [(3, 2, 0.5)])
        self._answer(ticket, at=time(13))
        self.assertEqual(self._read(*measures), [(3, 3, 1)])

    def test_csat_is_of_the_rated_tickets(self):
        for stars in (5, 4, 1):
            self._rate(self._ticket(self.partner), stars)
        self._ticket(self.partner)
        [[csat, rating]] = self._read("satisfied_rate:avg", "rating:avg")
        self.assertAlmostEqual(csat, 2 / 3)
        self.assertAlmostEqual(rating, 10 / 3)

    def test_the_last_rating_of_a_ticket_counts(self):
        ticket = self._ticket(self.partner, 5)
        self._rate(ticket, 5, days_ago=3)
        self._rate(ticket, 1, days_ago=1)
        self.assertEqual(self._read("satisfied_rate:avg", "rating:avg"), [(0, 1)])

    def test_open_and_closed(self):
        ticket = self._ticket(self.partner, 5)
        self._ticket(self.partner, 5)
        self._do(ticket, self._close, 2)
        self.assertEqual(self._read("open_count:sum", "closing_days:avg"), [(1, 3)])

    def test_by_the_stage_of_the_day(self):
        self._ticket(self.partner)
        self.assertEqual(
            self._read("ticket_count:sum", by=["stage_id"]), [(self.customer, 1)]
        )

    def test_tickets_of_strangers_are_no_rows(self):
        stranger = self._partner("Stranger")
        self._ticket(stranger)
        self.assertEqual(self._read("ticket_count:sum"), [(0,)])

    def test_own_and_unassigned_customers(self):
        self.ada.user_id = self.colleague
        self._ticket(self.partner)
        for user, count in (
            (self.salesperson, 0),
            (self.colleague, 1),
            (self.leader, 1),
        ):
            self.assertEqual(self._read("ticket_count:sum", user=user), [(count,)])

    def test_exports_are_of_own_customers(self):
        allowed = self.env.ref("base.group_allow_export")
        for user in (self.salesperson, self.colleague):
            user.group_ids |= allowed
        self.ada.user_id = self.colleague
        self._ticket(self.partner)
        for user, names in ((self.salesperson, []), (self.colleague, ["Ada"])):
            rows = self.Report.with_user(user).search([]).export_data(["profile_id"])
            self.assertEqual([row[0] for row in rows["datas"]], names)
        others = self.Report.search([("profile_id", "=", self.ada.id)])
        with self.assertRaises(AccessError):
            others.with_user(self.salesperson).export_data(["profile_id"])

    def test_another_company_sees_nothing(self):
        self._ticket(self.partner)
        other = self.env["res.company"].create({"name": "Other"})
        user = new_test_user(
            self.env,
            "otto",
            groups="sales_team.group_sale_manager",
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        env = self.env(user=user, context={"allowed_company_ids": other.ids})
        self.assertFalse(env[self.Report._name].search_count([]))

    def test_what_nobody_asks_for_is_not_looked_up(self):
        query = self.Report._search([("user_id", "=", self.salesperson.id)])
        plan = self._get_plan(query.select(SQL("SUM(ticket_count)")))
        self.assertIn("crm_lifecycle_profile", plan)
        for table in ("mail_message", "rating_rating", "crm_lifecycle_history"):
            self.assertNotIn(table, plan)
        plan = self._get_plan(query.select(SQL("AVG(satisfied_rate)")))
        self.assertIn("rating_rating", plan)

    def test_rows_can_be_read_and_have_own_numbers(self):
        for _time in range(2):
            self._ticket(self.partner)
        rows = self.Report.search([("company_id", "=", self.company.id)])
        self.assertEqual(len(set(rows.ids)), 2)
        self.assertEqual(set(rows.mapped("kind")), {"project.task"})
