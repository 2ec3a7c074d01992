from datetime import date

from odoo.tests import tagged
from odoo.tools import SQL

from .common import ReportCase


@tagged("post_install", "-at_install")
class TestGrowthReport(ReportCase):
    """Customers won, won back and lost."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Report = cls.env["crm.lifecycle.growth.report"]
        cls.ada = cls._traveller("Ada")
        cls._walk(
            cls.ada,
            (cls.prospect, date(2025, 1, 1)),
            (cls.customer, date(2025, 2, 1)),
            (cls.risk, date(2025, 4, 1)),
            (cls.lost, date(2025, 5, 1)),
            (cls.customer, date(2025, 6, 1)),
        )

    def _events(self, *profiles):
        ids = [profile.id for profile in profiles or [self.ada]]
        domain = [("profile_id", "in", ids), ("kind", "!=", "contact")]
        rows = self.Report.search(domain, order="date, id")
        return [(row.date, row.kind, row.net) for row in rows]

    def test_at_risk_is_still_a_customer(self):
        self.assertEqual(
            self._events(),
            [
                (date(2025, 2, 1), "new", 1),
                (date(2025, 5, 1), "churned", -1),
                (date(2025, 6, 1), "reactivated", 1),
            ],
        )

    def test_who_never_was_a_customer_cannot_be_lost(self):
        bob = self._traveller("Bob")
        self._walk(
            bob, (self.prospect, date(2025, 1, 1)), (self.lost, date(2025, 2, 1))
        )
        self.assertEqual(self._events(bob), [])

    def test_the_way_back_to_prospect_is_a_loss(self):
        bob = self._traveller("Bob")
        self._walk(
            bob, (self.customer, date(2025, 1, 1)), (self.engaged, date(2025, 2, 1))
        )
        self.assertEqual([event[1] for event in self._events(bob)], ["new", "churned"])

    def test_two_that_are_one_are_one_customer_less(self):
        bob = self._traveller("Bob")
        self._walk(bob, (self.customer, date(2025, 3, 1)))
        self.ada._merge_from(bob)
        self.env.flush_all()
        events = self._events()
        self.assertEqual(
            sorted(event[1] for event in events),
            ["churned", "merged", "new", "new", "reactivated"],
        )
        self.assertEqual(sum(event[2] for event in events), 1)

    def test_customer_since_is_the_first_time(self):
        rows = self.Report.search([("profile_id", "=", self.ada.id)])
        self.assertEqual(set(rows.mapped("customer_date")), {date(2025, 2, 1)})
        self.assertEqual(sum(rows.mapped("started_count")), 1)

    def test_net_added_up_is_the_number_of_customers(self):
        self._walk(self._traveller("Bob"), (self.customer, date(2025, 3, 1)))
        [[net]] = self.Report._read_group(
            [("company_id", "=", self.company.id)], [], ["net:sum"]
        )
        now = self.env["crm.lifecycle.customer.report"].search_count(
            [
                ("company_id", "=", self.company.id),
                ("stage_category", "in", ("customer", "loyal", "at_risk")),
            ]
        )
        self.assertEqual(net, now)
        self.assertEqual(now, 2)

    # ------------------------------------------------------------
    # Query plans
    # ------------------------------------------------------------

    def _explain_count(self, domain):
        query = self.Report._search(domain)
        return self._get_plan(query.select(SQL("COUNT(*)")), "seqscan")

    def test_entries_are_read_from_their_index(self):
        self.Report = self.Report.with_context(
            lifecycle_cohort_stage_id=self.customer.id
        )
        # On few rows another index may cost as little.
        self.env.cr.execute(
            "DROP INDEX crm_lifecycle_history_profile_date_idx, "
            "crm_lifecycle_history_next_idx"
        )
        plan = self._explain_count([("entry_date", "!=", False)])
        self.assertIn("crm_lifecycle_history_entry_idx", plan)

    def test_first_contacts_cost_nothing_where_no_contact_is_asked_for(self):
        self.assertIn("crm_lifecycle_profile", self._explain_count([]))
        plan = self._explain_count([("kind", "in", ["new", "churned"])])
        # Only archived customers are read, to leave them out.
        plan = plan.replace("crm_lifecycle_profile_archived_idx", "")
        self.assertEqual(plan.count("crm_lifecycle_profile"), 1, plan)
        self.assertIn("crm_lifecycle_profile archived", plan)
