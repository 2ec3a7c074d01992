"""From complaint to recovery: how the templates handle tickets and ratings.

A customer rates a ticket with one star, and moves to the template's stage for
complaints; a good rating later, without an open ticket, brings them back. The history
has the reason of both moves. With tasks and with helpdesk tickets.
"""

from datetime import datetime, time, timedelta

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user, tagged

TODAY = datetime(2026, 3, 2).date()


@tagged("post_install", "-at_install")
class TestComplaint(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.env["crm.lifecycle"].search([]).write({"state": "archived"})
        cls.desk = cls.env["project.project"].create(
            {
                "name": "Service desk",
                "lifecycle_is_service_desk": True,
                "company_id": False,
            }
        )
        cls.opened, cls.solved = cls.env["helpdesk.ticket.stage"].create(
            [
                {"name": "Opened", "company_id": False},
                {"name": "Solved", "company_id": False, "closed": True},
            ]
        )
        cls.product = cls.env["product.product"].create(
            {"name": "Thing", "type": "service", "taxes_id": [Command.clear()]}
        )

    def _start(self, code):
        self.company = self.env["res.company"].create(
            {"name": f"Firm {code}", "lifecycle_tz": "UTC"}
        )
        self.env.user.company_ids |= self.company
        self.env = self.env(
            context={**self.env.context, "allowed_company_ids": self.company.ids}
        )
        lifecycle = self.env["crm.lifecycle.template"]._instantiate(code, self.company)
        lifecycle.write({"state": "active", "activation_date": "2025-01-01"})
        self.partner = self.env["res.partner"].create({"name": "Ada"})

    def _at(self, days_ago, hour=12):
        return datetime.combine(TODAY - timedelta(days=days_ago), time(hour))

    def _set(self, record, **columns):
        self.env.flush_all()
        for name, value in columns.items():
            self.env.cr.execute(
                f"UPDATE {record._table} SET {name} = %s WHERE id = %s",
                [value, record.id],
            )
        self.env.invalidate_all()

    def _order(self, days_ago):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "company_id": self.company.id,
                "order_line": [
                    Command.create(
                        {"product_id": self.product.id, "product_uom_qty": 1}
                    )
                ],
            }
        )
        order.action_confirm()
        order.date_order = self._at(days_ago)
        self._set(order, create_date=self._at(days_ago))

    def _ticket(self, model, days_ago):
        values = {
            "name": "It does not work",
            "partner_id": self.partner.id,
            "company_id": self.company.id,
        }
        if model == "project.task":
            values |= {"project_id": self.desk.id}
        else:
            values |= {"description": "At all", "stage_id": self.opened.id}
        ticket = self.env[model].create(values)
        self._set(ticket, create_date=self._at(days_ago))
        return ticket

    def _close(self, ticket, days_ago):
        if ticket._name == "project.task":
            ticket.state = "1_done"
        else:
            ticket.stage_id = self.solved
        log = self.env["crm.lifecycle.ticket.log"].search([], limit=1)
        self._set(log, date=self._at(days_ago))

    def _rate(self, ticket, stars, days_ago):
        rating = self.env["rating.rating"].create(
            {
                "res_model_id": self.env["ir.model"]._get_id(ticket._name),
                "res_id": ticket.id,
                "rating": stars,
                "consumed": True,
            }
        )
        self._set(rating, rated_on=self._at(days_ago))

    def _run(self, days_ago):
        self.env.flush_all()
        self.env["crm.lifecycle"]._run(self.company, TODAY - timedelta(days=days_ago))
        self.env.invalidate_all()
        profile = self.env["crm.lifecycle.profile"].search(
            [
                ("partner_id", "=", self.partner.id),
                ("company_id", "=", self.company.id),
            ]
        )
        return profile

    def _suffer_and_recover(self, code, model, orders, before, after):
        """Rate a ticket badly and another one well, and check the stages."""
        self._start(code)
        for days_ago in orders:
            self._order(days_ago)
        self.assertEqual(self._run(20).stage_id.code, before)
        bad = self._ticket(model, 19)
        self.assertEqual(self._run(19).stage_id.code, before)
        self._close(bad, 18)
        self._rate(bad, 1, 17)
        profile = self._run(17)
        self.assertEqual(profile.stage_id.code, after)
        move = profile.history_ids.sorted("id")[-1]
        self.assertIn("Rated 2 or less", move.rule_id.name)
        self.assertEqual(move.facts["rating_last"], 1)
        self.assertEqual(move.date, TODAY - timedelta(days=17))
        good = self._ticket(model, 10)
        self.assertEqual(self._run(9).stage_id.code, after)
        self._rate(good, 5, 8)
        self.assertEqual(self._run(8).stage_id.code, after, "a ticket is open")
        self._close(good, 6)
        profile = self._run(6)
        self.assertEqual(profile.stage_id.code, before)
        move = profile.history_ids.sorted("id")[-1]
        self.assertIn("no complaint", move.rule_id.name)
        self.assertEqual(move.facts["rating_last"], 5)
        self.assertEqual(move.facts["ticket_open_count"], 0)
        self.assertEqual(self._run(0).stage_id.code, before)

    def test_a_task_rated_badly_and_then_well_in_t3(self):
        self._suffer_and_recover(
            "service", "project.task", (40, 30), "maintain", "retain"
        )

    def test_a_helpdesk_ticket_rated_badly_and_then_well_in_t4a(self):
        orders = (300, 200, 100, 30)
        self._suffer_and_recover(
            "activity", "helpdesk.ticket", orders, "loyal", "churn_warning"
        )

    def test_a_task_rated_badly_and_then_well_in_t4b(self):
        orders = (300, 200, 100, 30)
        self._suffer_and_recover("growth", "project.task", orders, "loyal", "growing")

    def test_a_helpdesk_ticket_that_waits_for_a_week_in_t4a(self):
        self._start("activity")
        for days_ago in (30, 20):
            self._order(days_ago)
        ticket = self._ticket("helpdesk.ticket", 10)
        self.assertEqual(self._run(4).stage_id.code, "active")
        self.assertEqual(self._run(3).stage_id.code, "churn_warning")
        self._close(ticket, 1)
        self.assertEqual(self._run(0).stage_id.code, "active")

    def _work(self):
        """Run the worker of playbooks on the pending moves."""
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("crm_lifecycle.ir_cron_playbook").method_direct_trigger()
        self.env.invalidate_all()

    def test_a_bad_rating_opens_one_case_which_the_good_one_closes(self):
        self._start("service")
        seller = new_test_user(
            self.env,
            "seller",
            groups="sales_team.group_sale_salesman",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.partner.user_id = seller
        for days_ago in (40, 30):
            self._order(days_ago)
        self._run(20)
        first, second = (self._ticket("project.task", days) for days in (19, 18))
        for ticket in (first, second):
            self._close(ticket, 17)
            self._rate(ticket, 1, 17)
            self._run(17)
            self._work()
        profile = self._run(16)
        self._work()
        self.assertEqual(profile.stage_id.code, "retain")
        case = self.env["crm.lifecycle.risk.case"].search(
            [("profile_id", "=", profile.id)]
        )
        self.assertRecordValues(case, [{"user_id": seller.id, "state": "open"}])
        self.assertEqual(case.activity_ids.user_id, seller)
        self.assertIn("Rated 2 or less", case.move_explanation)
        good = self._ticket("project.task", 10)
        self._close(good, 8)
        self._rate(good, 5, 8)
        profile = self._run(8)
        self._work()
        self.assertEqual(profile.stage_id.code, "maintain")
        self.assertRecordValues(
            case, [{"state": "saved", "date_closed": TODAY - timedelta(days=8)}]
        )
        self.assertIn("no complaint", case.closing_explanation)

    def test_both_kinds_of_tickets_add_up(self):
        self._start("service")
        task = self._ticket("project.task", 9)
        ticket = self._ticket("helpdesk.ticket", 5)
        self._rate(task, 4, 8)
        self._rate(ticket, 1, 3)
        self._close(task, 7)
        profile = self._run(0)
        self.assertRecordValues(
            profile,
            [
                {
                    "ticket_count": 2,
                    "ticket_open_count": 1,
                    "rating_last": 1.0,
                    "rating_avg": 2.5,
                    "first_seen_date": TODAY - timedelta(days=9),
                    "ticket_oldest_open_date": TODAY - timedelta(days=5),
                }
            ],
        )
        events = self.env["crm.lifecycle.profile"].get_timeline(
            "crm.lifecycle.profile", profile.id, ["service"]
        )["events"]
        self.assertEqual(
            {(event["label"], event["res_model"]) for event in events},
            {
                ("Ticket", "project.task"),
                ("Ticket", "helpdesk.ticket"),
                ("Ticket closed", "project.task"),
                ("Rated 4 of 5", "project.task"),
                ("Rated 1 of 5", "helpdesk.ticket"),
            },
        )
