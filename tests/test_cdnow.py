"""Compare a real customer base with an oracle: all facts and stages, several days."""

import os
from collections import Counter
from datetime import date, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from odoo.fields import Command
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from . import oracle_cdnow as oracle
from .cdnow_reports import CdnowReports

FILE = os.environ.get("CDNOW_FILE", "")
# On the first day some customers have bought once, and others not yet.
DAYS = [
    date(1997, 2, 28),
    date(1997, 12, 31),
    date(1998, 3, 31),
    date(1998, 6, 30),
]
# The database has dollars and floats, the oracle cents and fractions. Quotients are
# rounded: an average to the cent, the others to more digits.
AMOUNTS = {
    "order_total",
    "order_total_6m",
    "order_total_12m",
    "order_total_prev_12m",
    "average_order_value",
}
TOLERANCE = {
    **dict.fromkeys(AMOUNTS, 1e-6),
    "average_order_value": 0.5 + 1e-6,
    "order_interval_days": 1e-9,
    "order_trend": 1e-9,
    "order_trend_6m": 1e-9,
}
TABLES = ("res_partner", "sale_order", "sale_order_line")


def import_script():
    """Return script/cdnow.py as a module."""
    path = Path(__file__).parents[1] / "script" / "cdnow.py"
    spec = spec_from_file_location("cdnow_script", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cdnow = import_script()


@tagged("post_install", "-at_install")
class TestCdnow(CdnowReports, TransactionCase):
    """The whole file in a company of its own, with the lifecycle run over it.

    Loading and running take most of the time, so they are done once for all tests.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not FILE:
            raise ValueError(
                "CDNOW_FILE is empty. Run the tests with script/test, which sets it."
            )
        cls.company = cls.env["res.company"].create(
            {"name": "CDNOW", "currency_id": cls.env.ref("base.USD").id}
        )
        cls.env = cls.env["res.company"].with_company(cls.company).env
        cls.purchases = cdnow.read_purchases(FILE)
        cdnow.load(cls.env, cls.purchases, cls.company)
        cdnow.activate_lifecycle(cls.env, cls.company)
        cls.loaded = {table: cls.get_row_versions(table) for table in TABLES}
        cls.runs = {}
        cls.profiles = {}
        for day in DAYS:
            cls.runs[day] = cls.run_lifecycle(day)
            cls.profiles[day] = cls.ask_engine()
        cls.orders = cls.env["sale.order"].search(
            [("company_id", "=", cls.company.id)], order="id"
        )

    # ------------------------------------------------------------
    # The loader
    # ------------------------------------------------------------

    def test_each_purchase_is_an_order(self):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT c.ref, o.date_order::date, o.amount_untaxed, l.price_subtotal
                  FROM sale_order AS o
                  JOIN sale_order_line AS l ON l.order_id = o.id
                  JOIN res_partner AS c ON c.id = o.partner_id
                 WHERE o.company_id = %s AND o.state = 'sale'
                """,
                self.company.id,
            )
        )
        self.assertEqual(len(rows), 69_659)
        self.assertEqual(len({row[0] for row in rows}), 23_570)
        # Compare sets: printing the difference of long lists takes hours in unittest.
        cents = [(*row[:2], round(row[2] * 100), round(row[3] * 100)) for row in rows]
        expected = [
            (p.customer, p.day, *[int(p.amount * 100)] * 2) for p in self.purchases
        ]
        self.assertFalse(Counter(cents) - Counter(expected))

    def test_loading_twice_is_noticed(self):
        self.assertTrue(cdnow.is_loaded(self.env, self.purchases, self.company))
        other = self.env["res.company"].create({"name": "Other"})
        self.assertFalse(cdnow.is_loaded(self.env, self.purchases, other))

    def test_amounts_survive_when_odoo_computes_them_again(self):
        free = self.orders.filtered(lambda order: not order.amount_total)
        self.assertTrue(free)
        orders = self.orders[::1000] | free[:5]
        for records in (orders.order_line, orders):
            computed = [
                field
                for field in records._fields.values()
                if field.store and field.compute and field.type in ("float", "monetary")
            ]
            before = [[record[field.name] for field in computed] for record in records]
            for field in computed:
                self.env.add_to_compute(field, records)
            self.env.flush_all()
            after = [[record[field.name] for field in computed] for record in records]
            self.assertEqual(before, after)

    def test_orders_work_like_any_other(self):
        order = self.orders[0]
        total = order.amount_untaxed
        order.order_line.product_uom_qty = 2
        self.assertAlmostEqual(order.amount_untaxed, 2 * total)
        order.action_cancel()
        order.action_draft()
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        self.orders[::1000].read([])
        self.orders[::1000].order_line.read([])
        self.orders[::1000].partner_id.read([])

    def test_last_purchase_moves_by_whole_weeks_into_the_past_week(self):
        last = date(1998, 6, 30)
        for today, moved in (
            (date(1998, 7, 1), date(1998, 6, 30)),
            (date(1998, 7, 7), date(1998, 6, 30)),
            (date(1998, 7, 8), date(1998, 7, 7)),
            (date(2026, 5, 1), date(2026, 4, 28)),
        ):
            weeks = cdnow.get_weeks_until(today, last)
            self.assertEqual(last + timedelta(weeks=weeks), moved)
        first, second = (cdnow.read_purchases(FILE, weeks) for weeks in (0, weeks))
        self.assertEqual(first[-1].day, last)
        self.assertEqual(second[-1].day, moved)

    # ------------------------------------------------------------
    # The lifecycle
    # ------------------------------------------------------------

    def test_all_customers_match_the_oracle_on_each_day(self):
        truth = oracle.read_purchases(FILE)
        for day, actual in self.profiles.items():
            expected = self.ask_oracle(truth, day)
            self.assertFalse(actual.keys() ^ expected.keys())
            wrong = [
                f"{customer} {name}: {actual[customer][name]}, oracle: {value}"
                for customer, values in expected.items()
                for name, value in values.items()
                if not is_same(actual[customer][name], value, TOLERANCE.get(name, 0))
            ]
            self.assertFalse(
                wrong[:20], f"{len(wrong)} values differ as of {day}; the first of them"
            )
        self.assertEqual(len(actual), 23_570)

    def test_reports_over_purchases_match_the_file(self):
        self.check_purchases(oracle.read_purchases(FILE), DAYS[-1])

    def test_each_move_is_in_the_history(self):
        moved = sum(run.moved_count for run in self.runs.values())
        self.assertEqual(self.count_history(), moved)

    def test_runs_write_no_row_of_contacts_and_orders(self):
        for table in TABLES:
            self.assertFalse(self.get_row_versions(table) - self.loaded[table], table)

    def test_second_run_on_a_day_changes_nothing(self):
        history = self.count_history()
        profiles = self.get_row_versions("crm_lifecycle_profile")
        for full in (False, True):
            run = self.run_lifecycle(DAYS[-1], full=full)
            # All were loaded in this transaction, so the run evaluates all again.
            self.assertRecordValues(
                run,
                [
                    {
                        "profile_count": 23_570,
                        "created_count": 0,
                        "refreshed_count": 0,
                        "moved_count": 0,
                    }
                ],
            )
            self.assertEqual(self.count_history(), history)
            self.assertFalse(self.get_row_versions("crm_lifecycle_profile") - profiles)

    def test_a_preview_tells_where_all_will_be_and_changes_no_row_of_any_table(self):
        lifecycle = cdnow.find_lifecycle(self.env, self.company)
        later = DAYS[-1] + timedelta(days=45)
        expected = Counter(
            facts["stage"]
            for facts in self.ask_oracle(oracle.read_purchases(FILE), later).values()
        )
        before = get_checksums(self.env)
        preview = self.env["crm.lifecycle"]._preview(self.company, lifecycle, later)
        assert_same_rows(self, get_checksums(self.env), before)
        self.assertEqual(count_by_stage(self.env, preview), expected)
        self.assertEqual(expected.total(), 23_570)
        self.assertGreater(sum(row[-1] for row in preview["moves"]), 1000)

    def test_a_comparison_of_all_changes_no_row_of_any_table(self):
        left = cdnow.find_lifecycle(self.env, self.company)
        right = self.env["crm.lifecycle.template"]._instantiate(
            "activity", self.company
        )
        before = get_checksums(self.env)
        found = self.env["crm.lifecycle"]._compare(
            self.company, left, right, [], DAYS[-1]
        )
        assert_same_rows(self, get_checksums(self.env), before)
        self.assertEqual(sum(found["matrix"].values()), 23_570)

    def test_activation_is_quiet_and_the_next_move_sends_its_one(self):
        """All customers switch at once to another lifecycle with playbooks."""
        lifecycle = self.activate_with_playbooks()
        before = self.count_playbook()
        history = self.count_history()
        run = self.run_lifecycle(DAYS[-1])
        self.assertEqual(run.moved_count, self.count_history() - history)
        Profile = self.env["crm.lifecycle.profile"]
        self.assertEqual(
            Profile.search_count([("lifecycle_id", "=", lifecycle.id)]), 23_570
        )
        self.work_off()
        self.assertEqual(self.count_playbook(), before)
        # Three days later all are due for a follow-up, which would be too many calls.
        # Only the customers who were moved since then have their playbook.
        later = DAYS[-1] + timedelta(days=3)
        moved = self.run_lifecycle(later).moved_count
        self.assertIn(moved, range(1, 1000))
        self.assertGreater(
            Profile.search_count([("follow_up_date", "<=", later)]), 20_000
        )
        self.work_off()
        mails, activities, steps = before
        before = [mails + moved, activities + moved, steps + 4 * moved]
        self.assertEqual(self.count_playbook(), before)
        # An inactive customer orders again.
        profile = Profile.search(
            [
                ("stage_id.category", "=", "lost"),
                ("lifecycle_id", "=", lifecycle.id),
                ("playbook_log_ids", "=", False),
            ],
            limit=1,
        )
        order = self.orders.filtered(
            lambda item: item.partner_id == profile.partner_id
        )[0].copy()
        order.action_confirm()
        order.date_order = later
        self.assertEqual(self.run_lifecycle(later).moved_count, 1)
        self.work_off()
        mails, activities, steps = before
        self.assertEqual(self.count_playbook(), [mails + 1, activities + 1, steps + 4])

    # ------------------------------------------------------------
    # Helpers
    # ------------------------------------------------------------

    def activate_with_playbooks(self):
        """Return a lifecycle that replaces the active one, all steps on each stage."""
        old = cdnow.find_lifecycle(self.env, self.company)
        lifecycle = old.copy()
        model_id = self.env["ir.model"]._get_id("crm.lifecycle.profile")
        action = {
            "name": "Greet",
            "model_id": model_id,
            "state": "code",
            "code": "record.write({'color': 1})",
        }
        template = {
            "name": "Welcome",
            "model_id": model_id,
            "subject": "Welcome",
            "email_from": "shop@example.com",
            "email_to": "{{ object.partner_id.ref }}@example.com",
            "use_default_to": False,
        }
        line = {
            "summary": "Call",
            "responsible_type": "other",
            "responsible_id": self.env.ref("base.user_admin").id,
        }
        plan = {
            "name": "Welcome",
            "res_model": "crm.lifecycle.profile",
            "company_id": self.company.id,
            "template_ids": [Command.create(line)],
        }
        self.env.ref("base.user_admin").company_ids |= self.company
        lifecycle.stage_ids.write(
            {
                "enter_action_ids": self.env["ir.actions.server"].create(action).ids,
                "exit_action_ids": self.env["ir.actions.server"].create(action).ids,
                "mail_template_id": self.env["mail.template"].create(template).id,
                "activity_plan_id": self.env["mail.activity.plan"].create(plan).id,
                "follow_up_days": 3,
                "follow_up_since": "1996-01-01",
            }
        )
        old.state = "archived"
        lifecycle.action_activate()
        # Backdate the activation and the runs so far, to before the days of the data.
        lifecycle.activation_date = "1996-01-02"
        self.env["crm.lifecycle.run"].search([]).write({"date_start": "1996-01-01"})
        return lifecycle

    def work_off(self):
        """Call the worker of the playbook until no step is pending."""
        cron = self.env.ref("crm_lifecycle.ir_cron_playbook")
        waiting = [("company_id", "=", self.company.id), ("processed_at", "=", False)]
        self.env.flush_all()
        for _call in range(20):
            with self.enter_registry_test_mode():
                self.assertTrue(cron.method_direct_trigger() is True)
            self.env.invalidate_all()
            if not self.env["crm.lifecycle.history"].search_count(waiting, limit=1):
                return
        self.fail("The worker leaves moves undone")

    def count_playbook(self):
        """Return how many emails, activities and playbook steps there are."""
        return [
            self.env["mail.mail"].search_count([("is_notification", "=", False)]),
            self.env["mail.activity"].with_context(active_test=False).search_count([]),
            self.env["crm.lifecycle.playbook.log"].search_count([]),
        ]

    @classmethod
    def run_lifecycle(cls, day, **options):
        """Return a run as of a day, within this transaction."""
        run = cls.env["crm.lifecycle"]._run(cls.company, as_of=day, **options)
        cls.env.flush_all()
        return run

    def ask_oracle(self, truth, day):
        """Return what each customer's profile should say on a day."""
        facts = {
            customer: oracle.get_facts(purchases, day)
            for customer, purchases in truth.items()
        }
        return {
            customer: {
                **known._asdict(),
                "stage": oracle.get_stage(known, day),
                "tags": oracle.get_tags(known, day),
            }
            for customer, known in facts.items()
            if known
        }

    @classmethod
    def ask_engine(cls):
        """Return what each customer's profile says, amounts in cents.

        Read from the table, where empty is not 0.
        """
        facts = oracle.Facts._fields
        columns = SQL(", ").join(
            SQL("p.%s * 100" if name in AMOUNTS else "p.%s", SQL.identifier(name))
            for name in facts
        )
        rows = cls.env.execute_query(
            SQL(
                """
                SELECT c.ref, s.code,
                       ARRAY(SELECT t.code
                               FROM crm_lifecycle_profile_tag_rel AS r
                               JOIN crm_lifecycle_tag AS t ON t.id = r.tag_id
                              WHERE r.profile_id = p.id),
                       %s
                  FROM crm_lifecycle_profile AS p
                  JOIN res_partner AS c ON c.id = p.partner_id
             LEFT JOIN crm_lifecycle_stage AS s ON s.id = p.stage_id
                 WHERE p.company_id = %s AND p.active
                """,
                columns,
                cls.company.id,
            )
        )
        return {
            customer: {
                **dict(zip(facts, values, strict=True)),
                "stage": stage,
                "tags": set(tags),
            }
            for customer, stage, tags, *values in rows
        }

    def count_history(self):
        """Return how many moves there are in the company."""
        return self.env["crm.lifecycle.history"].search_count(
            [("company_id", "=", self.company.id)]
        )

    @classmethod
    def get_row_versions(cls, table):
        """Return the location of each row: any UPDATE changes it."""
        return set(
            cls.env.execute_query(
                SQL("SELECT id, ctid::text, xmin::text FROM %s", SQL.identifier(table))
            )
        )


def get_checksums(env):
    """Return ``{table: (rows, checksum over all their values)}`` of every table."""
    env.flush_all()
    tables = env.execute_query(
        SQL(
            """
            SELECT relname FROM pg_class
             WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace
            """
        )
    )
    return {
        table: env.execute_query(
            SQL(
                "SELECT COUNT(*), SUM(hashtextextended(t::text, 0)::numeric) "
                "FROM %s AS t",
                SQL.identifier(table),
            )
        )[0]
        for [table] in tables
    }


def assert_same_rows(test, after, before):
    """Check that no table has other rows than before."""
    watched = ("profile", "history", "run", "playbook_log", "pending")
    test.assertLessEqual(
        {f"crm_lifecycle_{name}" for name in watched}
        | {"mail_message", "mail_mail", "mail_activity", "res_partner", "sale_order"},
        before.keys(),
    )
    test.assertEqual(after, before)


def count_by_stage(env, preview):
    """Return how many customers a preview has in which stage, by code."""
    Stage = env["crm.lifecycle.stage"]
    return Counter(
        {
            Stage.browse(stage).code: after
            for stage, (_before, after) in preview["stages"].items()
            if after
        }
    )


def is_same(actual, truth, tolerance):
    """Return whether a value is the oracle's; empty only equals empty."""
    if tolerance and actual is not None and truth is not None:
        return abs(actual - truth) <= tolerance
    return actual == truth
