"""Rows of tickets read by a run, on 10,000 customers with 40,000 tickets.

The tests count rows, not seconds, since counts are the same on each machine.
"""

from datetime import date, timedelta

from odoo.tests import TransactionCase, tagged

from .autovacuum import summarize_ranges

CUSTOMERS = 10_000
TICKETS = 40_000
AS_OF = date(2026, 3, 2)
READ = ("project_task", "rating_rating", "crm_lifecycle_ticket_log", "mail_message")
# Backdate all earlier rows: those left by other tests differ each time.
SETTLE = """
    UPDATE project_task SET create_date = '2020-01-01', write_date = '2020-01-01';
    UPDATE mail_message SET date = '2020-01-01', write_date = '2020-01-01';
"""
# Four tickets of each customer over two years. Half of them are closed a day later, a
# quarter is rated, and each has an answer.
GENERATE = """
    CREATE TEMPORARY TABLE made ON COMMIT DROP AS
    SELECT n, timestamp '2024-03-01' + n * interval '26 minutes' AS at
      FROM generate_series(1, %(tickets)s) AS n;

    INSERT INTO res_partner (id, name, complete_name, active, is_company, type,
                             commercial_partner_id, autopost_bills, create_date,
                             write_date)
    SELECT %(first)s + n, 'Customer ' || n, 'Customer ' || n, TRUE, TRUE, 'contact',
           %(first)s + n, 'ask', '2024-01-01', '2024-01-01'
      FROM generate_series(1, %(customers)s) AS n;

    INSERT INTO project_task (id, name, project_id, partner_id, company_id, state,
                              active, priority, display_in_project, create_date,
                              write_date)
    SELECT %(task)s + n, 'Ticket', %(project)s, %(first)s + 1 + n %% %(customers)s,
           %(company)s, CASE WHEN n %% 2 = 0 THEN '1_done' ELSE '01_in_progress' END,
           TRUE, '0', TRUE, at, at
      FROM made;

    INSERT INTO crm_lifecycle_ticket_log (res_model, res_id, date, is_open)
    SELECT 'project.task', %(task)s + n, at + interval '1 day', FALSE
      FROM made
     WHERE n %% 2 = 0;

    INSERT INTO rating_rating (res_model_id, res_model, res_id, rating, consumed,
                               rated_on, create_date, write_date)
    SELECT %(model)s, 'project.task', %(task)s + n, 1 + n %% 5, TRUE, at, at, at
      FROM made
     WHERE n %% 4 = 0;

    INSERT INTO mail_message (model, res_id, message_type, subtype_id, author_id, date,
                              create_date, write_date)
    SELECT 'project.task', %(task)s + n, 'comment', %(subtype)s, %(author)s,
           at + interval '1 hour', at, at
      FROM made;
"""


@tagged("post_install", "-at_install")
class TestScaleTickets(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.env["crm.lifecycle"].search([]).write({"state": "archived"})
        cls.env.cr.execute("DELETE FROM crm_lifecycle_pending")
        cls.company = cls.env["res.company"].create(
            {"name": "Big", "lifecycle_tz": "UTC"}
        )
        desk = cls.env["project.project"].create(
            {
                "name": "Desk",
                "lifecycle_is_service_desk": True,
                "company_id": cls.company.id,
            }
        )
        lifecycle = cls.env["crm.lifecycle.template"]._instantiate(
            "service", cls.company
        )
        lifecycle.write({"state": "active", "activation_date": "2026-01-01"})
        cls.env.flush_all()
        cls.env.cr.execute(SETTLE)
        cls.env.cr.execute(
            GENERATE,
            {
                "tickets": TICKETS,
                "customers": CUSTOMERS,
                "first": 50_000_000,
                "task": 60_000_000,
                "project": desk.id,
                "company": cls.company.id,
                "model": cls.env["ir.model"]._get_id("project.task"),
                "subtype": cls.env.ref("mail.mt_comment").id,
                "author": cls.env.user.partner_id.id,
            },
        )
        # Messages always have statistics, whenever autovacuum runs.
        cls.env.cr.execute("ANALYZE mail_message")
        summarize_ranges(cls.env)
        cls.built, cls.built_rows = cls._measure(cls._run, AS_OF)

    def _let_autovacuum_come_by(self):
        self.env.cr.execute(
            "ANALYZE project_task, rating_rating, crm_lifecycle_ticket_log, "
            "mail_message, res_partner"
        )

    @classmethod
    def _get_rows_read(cls):
        cls.env.cr.execute(
            "SELECT relname, seq_tup_read + idx_tup_fetch "
            "FROM pg_stat_xact_user_tables WHERE relname = ANY(%s)",
            [list(READ)],
        )
        return dict(cls.env.cr.fetchall())

    @classmethod
    def _measure(cls, work, *args):
        before = cls._get_rows_read()
        result = work(*args)
        after = cls._get_rows_read()
        return result, {name: after[name] - before.get(name, 0) for name in READ}

    @classmethod
    def _run(cls, day):
        cls.env.flush_all()
        return cls.env["crm.lifecycle"]._run(cls.company, day)

    def test_everybody_is_built_by_reading_each_row_a_few_times(self):
        self.assertEqual(self.built.created_count, CUSTOMERS)
        for name, rows in self.built_rows.items():
            self.assertLessEqual(rows, 12 * TICKETS, name)

    def test_a_night_without_changes_reads_next_to_nothing(self):
        for is_analyzed in (False, True):
            if is_analyzed:
                self._let_autovacuum_come_by()
            run, rows = self._measure(self._run, AS_OF + timedelta(days=1))
            self.assertEqual(run.profile_count, 0)
            # Without statistics, the source of contacts reads the tasks once.
            # Messages are read by ranges of pages, one of which is a quarter of them.
            most = TICKETS * (0.6 if is_analyzed else 1.1)
            for name, read in rows.items():
                self.assertLessEqual(read, most, (name, is_analyzed))

    def test_changed_tickets_cost_their_customers(self):
        self._let_autovacuum_come_by()
        self.env.cr.execute(
            "UPDATE project_task SET priority = '1', "
            "write_date = now() AT TIME ZONE 'UTC' + interval '1 second' "
            "WHERE id > %s AND id <= %s",
            [60_000_000, 60_000_100],
        )
        run, rows = self._measure(self._run, AS_OF + timedelta(days=1))
        self.assertEqual(run.profile_count, 100)
        # Messages are read by ranges of pages, one of which is a quarter of them.
        for name, read in rows.items():
            self.assertLessEqual(read, TICKETS * 0.6, name)
