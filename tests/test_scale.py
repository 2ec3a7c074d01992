"""Queries and rows read by a run, on 20,000 customers with 100,000 orders.

The tests count queries and rows, not seconds, since counts are the same on each
machine. A night that reads as many rows as there are orders fails here long before a
shop with a million customers notices.
"""

from datetime import timedelta

from odoo.tests import TransactionCase, tagged

from odoo.addons.crm_lifecycle.run import phases
from odoo.addons.crm_lifecycle.run.collect import STRAYS
from odoo.addons.crm_lifecycle.run.session import Session

from bench.generate import AS_OF, generate

from .autovacuum import summarize_ranges

CUSTOMERS = 20_000
ORDERS = 100_000
READ = (
    "sale_order",
    "mail_message",
    "crm_lead",
    "crm_lifecycle_profile",
    "res_partner",
)


@tagged("post_install", "-at_install")
class TestScale(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["crm.lifecycle"].search([]).write({"state": "archived"})
        cls.env.cr.execute("DELETE FROM crm_lifecycle_pending")
        generate(cls.env, CUSTOMERS, ORDERS, commit=False)
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.company = cls.env.company
        lifecycle = cls.env["crm.lifecycle.template"]._instantiate(
            "growth", cls.company
        )
        lifecycle.write({"state": "active", "activation_date": "2026-01-01"})
        cls.env.flush_all()
        cls.env.cr.execute("ANALYZE sale_order, mail_message, crm_lead, res_partner")
        # After other tests any table may look empty to the planner: analyze once here,
        # not in each counted run.
        run = cls.env["crm.lifecycle.run"].new(
            {"company_id": cls.company.id, "kind": "full"}
        )
        Session(run).analyze_stale_tables()
        cls.classPatch(Session, "analyze_stale_tables", lambda session: None)
        summarize_ranges(cls.env)
        cls.built = cls.env["crm.lifecycle"]._run(cls.company, AS_OF)
        cls.env.cr.execute("ANALYZE crm_lifecycle_profile, crm_lifecycle_history")

    def _get_rows_read(self):
        """Return the rows of each table that this transaction has read so far."""
        self.env.cr.execute(
            "SELECT relname, seq_tup_read + idx_tup_fetch "
            "FROM pg_stat_xact_user_tables WHERE relname = ANY(%s)",
            [list(READ)],
        )
        return dict(self.env.cr.fetchall())

    def _measure(self, work):
        """Do some work; return its result, its queries and the rows that it read."""
        self.env.flush_all()
        queries, rows = self.env.cr.sql_log_count, self._get_rows_read()
        result = work()
        self.env.flush_all()
        queries = self.env.cr.sql_log_count - queries
        after = self._get_rows_read()
        return result, queries, {name: after[name] - rows[name] for name in READ}

    def _run(self, days, **kwargs):
        day = AS_OF + timedelta(days=days)
        return self._measure(
            lambda: self.env["crm.lifecycle"]._run(self.company, day, **kwargs)
        )

    def test_everybody_is_built_in_a_few_queries(self):
        self.assertGreater(self.built.profile_count, CUSTOMERS * 0.7)
        self.assertLessEqual(self.built.moved_count, self.built.profile_count)
        self.assertGreater(self.built.moved_count, self.built.profile_count * 0.99)
        run, queries, rows = self._run(0, full=True)
        self.assertEqual((run.refreshed_count, run.moved_count), (0, 0))
        # Ten of them are locks of the run, and savepoints around the rules.
        self.assertLessEqual(queries, 135)
        # Once to find the customers, once for their facts, once for the messages on
        # their orders; a read by an index counts twice, for the index and the row.
        self.assertLessEqual(rows["sale_order"], 8 * ORDERS)

    def test_a_second_run_on_a_day_reads_next_to_nothing(self):
        run, queries, rows = self._run(0)
        self.assertEqual((run.profile_count, run.moved_count), (0, 0))
        self.assertLessEqual(queries, 75)
        self.assertLessEqual(rows["sale_order"], ORDERS * 0.02)
        self.assertLessEqual(rows["crm_lifecycle_profile"], 100)

    def test_a_night_without_changes_reads_those_whose_day_has_come(self):
        run, queries, rows = self._run(1)
        self.assertLessEqual(run.profile_count, CUSTOMERS * 0.01)
        self.assertLessEqual(queries, 155)
        self.assertLessEqual(rows["sale_order"], ORDERS * 0.1)
        # Contacts and leads without a profile are looked for, some each night.
        self.assertLessEqual(
            rows["crm_lifecycle_profile"],
            40 * (run.refreshed_count + run.moved_count) + 5 * STRAYS,
        )
        # Once, for a join with a list; not for each check of objections to profiling.
        self.assertLessEqual(rows["res_partner"], 2 * CUSTOMERS)

    def test_the_follow_up_clock_reads_those_for_whom_it_has_run_out(self):
        Profile = self.env["crm.lifecycle.profile"]
        clocked = Profile.search([("stage_id.follow_up_days", ">", 0)])
        self.assertGreater(len(clocked), 1000)
        self.env.cr.execute(
            "UPDATE crm_lifecycle_profile SET follow_up_date = %s WHERE id = ANY(%s)",
            [AS_OF, clocked[:20].ids],
        )
        due, _queries, rows = self._measure(self.built._get_due_follow_ups)
        # A quiet move has placed them, and there was no contact since.
        self.assertEqual(due, {})
        # A read by an index counts twice, for the index and the row.
        self.assertLessEqual(rows["crm_lifecycle_profile"], 200)

    def test_changed_orders_cost_their_customers(self):
        self.env.cr.execute(
            "UPDATE sale_order SET amount_untaxed = amount_untaxed + 1, "
            "write_date = now() AT TIME ZONE 'UTC' + interval '1 second' "
            "WHERE id IN (SELECT id FROM sale_order WHERE state = 'sale' "
            "AND company_id = %s ORDER BY id DESC LIMIT %s)",
            [self.company.id, ORDERS // 100],
        )
        run = self.env["crm.lifecycle.run"]._start(self.company, AS_OF)
        session = Session(run)
        _none, queries, rows = self._measure(lambda: phases.prepare_sources(session))
        self.assertLessEqual(queries, 35)
        self.assertLessEqual(rows["sale_order"], ORDERS // 10)
        _none, queries, rows = self._measure(lambda: phases.collect_changes(session))
        self.assertLessEqual(queries, 25)
        self.assertLessEqual(rows["sale_order"], ORDERS)
        _none, queries, rows = self._measure(lambda: phases.refresh_facts(session))
        self.assertGreater(run.refreshed_count, ORDERS // 300)
        self.assertLessEqual(run.profile_count, ORDERS // 100)
        # No message has changed: no messages are read again.
        self.assertEqual(rows["mail_message"], 0)
        self.assertLessEqual(rows["sale_order"], 2 * ORDERS)
        self.assertLessEqual(queries, 40)
        _none, queries, rows = self._measure(lambda: phases.move_customers(session))
        self.assertEqual(rows["sale_order"] + rows["mail_message"], 0)
        self.assertLessEqual(queries, 60)

    def test_queries_do_not_grow_with_customers(self):
        """Ten times as many changed orders need no more queries, except for moves."""
        counts = []
        for changed in (20, 200):
            self.env.cr.execute(
                "UPDATE sale_order SET amount_untaxed = amount_untaxed + 0.01, "
                "write_date = now() AT TIME ZONE 'UTC' + interval '1 second' "
                "WHERE id IN (SELECT id FROM sale_order WHERE state = 'sale' "
                "AND company_id = %s AND id NOT IN ("
                "SELECT res_id FROM crm_lifecycle_purchase "
                "WHERE returned_date IS NOT NULL) ORDER BY id LIMIT %s)",
                [self.company.id, changed],
            )
            run, queries, _rows = self._run(0)
            self.assertEqual(run.moved_count, 0)
            counts.append(queries)
            self.env.cr.execute("UPDATE sale_order SET write_date = '2020-01-01'")
        self.assertLessEqual(counts[1] - counts[0], 3)
