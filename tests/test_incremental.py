"""A year of incremental runs gives the same result as one full rebuild.

Random years of orders, cancellations, edits, returns, credit notes, merges,
contacts that join and leave companies, leads, messages, activities and moves by
hand, in two companies. Incremental runs follow the changes on some days, and leave
customers who were moved by hand where they are until the hold of the company ends. In
the end a full rebuild must find nothing to change, and once all holds have ended,
profiles built from scratch must be the same.
"""

from datetime import date, datetime, time, timedelta
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.fields import Command
from odoo.tests import TransactionCase, tagged

from tests.books import open_books
from tests.thorough import THOROUGH, rounds

START = date(2025, 1, 6)
# Days for which each company holds moves by hand.
HOLDS = {"East": 7, "West": 30}

OPERATIONS = (
    "order",
    "order",
    "order",
    "quotation",
    "confirm",
    "cancel",
    "redate",
    "reprice",
    "hand_over",
    "give_back",
    "refund",
    "undo_refund",
    "delete_quotation",
    "lead",
    "win",
    "lose",
    "delete_lead",
    "message",
    "delete_message",
    "activity",
    "finish_activity",
    "cancel_activity",
    "merge",
    "join",
    "leave",
    "archive",
    "move",
    "move",
)

steps = st.lists(
    st.tuples(
        st.sampled_from(OPERATIONS),
        st.integers(0, 25),  # days since the previous step
        st.integers(0, 5),  # which customer
        st.integers(0, 9),  # which of its documents, which other customer
        st.integers(1, 500),  # amount
        st.booleans(),  # whether a run follows
    ),
    min_size=15,
    max_size=40,
)


@tagged("post_install", "-at_install")
class TestIncremental(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["crm.lifecycle"].search([]).write({"state": "archived"})
        cls.companies = cls.env["res.company"].create(
            [
                {"name": "East", "lifecycle_tz": "Asia/Shanghai"},
                {"name": "West", "lifecycle_tz": "America/New_York"},
            ]
        )
        for company in cls.companies:
            company.lifecycle_hold_days = HOLDS[company.name]
        cls.env.user.company_ids |= cls.companies
        cls.env = cls.env(
            context={
                **cls.env.context,
                "allowed_company_ids": cls.companies.ids,
                "tracking_disable": True,
            }
        )
        cls.product = cls.env["product.product"].create(
            {"name": "Thing", "type": "service", "taxes_id": [Command.clear()]}
        )
        Template = cls.env["crm.lifecycle.template"]
        for company in cls.companies:
            open_books(cls.env, company)
            lifecycle = Template._instantiate("growth", company)
            lifecycle.write({"state": "active", "activation_date": "2025-01-01"})

    # ------------------------------------------------------------
    # The year
    # ------------------------------------------------------------

    @settings(
        max_examples=rounds(10, 500),
        deadline=None,
        derandomize=not THOROUGH,
        suppress_health_check=list(HealthCheck),
    )
    @given(steps)
    def test_incremental_runs_end_where_a_full_rebuild_ends(self, year):
        with self.env.cr.savepoint() as savepoint:
            self._live(year)
            savepoint.rollback()
        self.env.invalidate_all()

    def _live(self, year):
        self.today = START
        self.documents = {}
        self.chosen = {}  # the stages that staff chose, and the ends of their holds
        self.partners = self.env["res.partner"].create(
            [{"name": f"Customer {n}", "is_company": n % 2 == 0} for n in range(6)]
        )
        self._run_all()
        for operation, gap, who, which, amount, run in year:
            self.today += timedelta(days=gap)
            partner = self.partners[who % len(self.partners)]
            company = self.companies[which % 2]
            getattr(self, f"_do_{operation}")(partner, company, which, amount)
            if run:
                self._run_all()
        self._run_all()
        changes = self._run_all(full=True)
        self.assertEqual(changes, (0, 0), "a full rebuild changed facts, or moved")
        self.today += timedelta(days=max(HOLDS.values()))
        self._run_all()
        incremental = self._snapshot()
        changes = self._run_all(full=True)
        self.assertEqual(changes, (0, 0), "a full rebuild changed facts, or moved")
        self.assertEqual(self._snapshot(), incremental)
        self.env.cr.execute("DELETE FROM crm_lifecycle_profile")
        self.env.invalidate_all()
        self._run_all(full=True)
        self.assertEqual(self._snapshot(), incremental)

    def _run_all(self, **kwargs):
        """Run both companies and backdate all rows.

        The test is one transaction, so all rows have the same write date:
        backdating separates old rows from new ones.
        """
        self.env.flush_all()
        refreshed = moved = 0
        for company in self.companies:
            run = self.env["crm.lifecycle"]._run(company, self.today, **kwargs)
            refreshed += run.refreshed_count
            moved += run.moved_count
        self.env.flush_all()
        for table in (
            "account_move",
            "account_move_line",
            "calendar_event",
            "crm_lead",
            "mail_activity",
            "mail_message",
            "res_partner",
            "sale_order",
            "sale_order_line",
        ):
            self.env.cr.execute(f"UPDATE {table} SET write_date = '2020-01-01'")
        self.env.invalidate_all()
        self._check_holds()
        return refreshed, moved

    def _check_holds(self):
        """Check that held customers are still where staff put them.

        A customer who was merged into another one is gone.
        """
        for profile, (stage, free_from) in self.chosen.items():
            if self.today < free_from and profile.exists():
                self.assertEqual(profile.stage_id, stage)

    def _snapshot(self):
        """Return facts and stage of all customers, by subject and company."""
        Profile = self.env["crm.lifecycle.profile"]
        names = [*Profile._get_fact_fields(), "user_id"]
        self.env.flush_all()
        self.env.cr.execute(
            f"""
            SELECT p.partner_id, p.lead_id, p.company_id, s.code,
                   {", ".join("p." + name for name in names)}
              FROM crm_lifecycle_profile AS p
         LEFT JOIN crm_lifecycle_stage AS s ON s.id = p.stage_id
             WHERE p.active
             ORDER BY p.company_id, p.partner_id, p.lead_id
            """
        )
        return self.env.cr.dictfetchall()

    # ------------------------------------------------------------
    # Events
    # ------------------------------------------------------------

    def _moment(self, hour=12):
        return datetime.combine(self.today, time(hour))

    def _backdate(self, record):
        """Set the creation date of the record to the simulated day."""
        self.env.flush_all()
        self.env.cr.execute(
            f"UPDATE {record._table} SET create_date = %s WHERE id = %s",
            [self._moment(), record.id],
        )
        record.invalidate_recordset()

    def _pick(self, kind, which):
        """Return one of the existing documents of a kind, or none."""
        records = self.documents.get(kind)
        records = records and records.exists()
        return records and records[which % len(records)]

    def _keep(self, kind, record):
        self.documents[kind] = self.documents.get(kind, record.browse()) | record

    def _do_quotation(self, partner, company, which, amount):
        order = (
            self.env["sale.order"]
            .with_company(company)
            .create(
                {
                    "partner_id": partner.id,
                    "company_id": company.id,
                    "validity_date": self.today + timedelta(days=amount % 40),
                    "order_line": [
                        Command.create(
                            {
                                "product_id": self.product.id,
                                "product_uom_qty": 1,
                                "price_unit": amount / 4,
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                }
            )
        )
        self._backdate(order)
        self._keep("order", order)
        return order

    def _do_order(self, partner, company, which, amount):
        order = self._do_quotation(partner, company, which, amount)
        order.action_confirm()
        order.date_order = self._moment(which * 2)

    def _do_give_back(self, partner, company, which, amount):
        self._do_order(partner, company, which, -amount)

    def _do_confirm(self, partner, company, which, amount):
        order = self._pick("order", which)
        if order and order.state in ("draft", "sent"):
            order.action_confirm()
            order.date_order = self._moment()

    def _do_cancel(self, partner, company, which, amount):
        order = self._pick("order", which)
        if order and order.state != "cancel":
            order._action_cancel()

    def _do_redate(self, partner, company, which, amount):
        order = self._pick("order", which)
        if order:
            order.date_order = self._moment() - timedelta(days=amount)

    def _do_reprice(self, partner, company, which, amount):
        order = self._pick("order", which)
        if order and order.state != "cancel":
            order.order_line.price_unit = amount

    def _do_hand_over(self, partner, company, which, amount):
        order = self._pick("order", which)
        if order and order.state == "draft":
            order.partner_id = partner

    def _do_delete_quotation(self, partner, company, which, amount):
        order = self._pick("order", which)
        if order and order.state == "draft":
            order.unlink()

    def _do_refund(self, partner, company, which, amount):
        order = self._pick("order", which)
        if not order or order.state != "sale":
            return
        note = (
            self.env["account.move"]
            .with_company(order.company_id)
            .create(
                {
                    "move_type": "out_refund",
                    "partner_id": order.partner_id.id,
                    "company_id": order.company_id.id,
                    "invoice_date": self.today,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "product_id": self.product.id,
                                "quantity": 1,
                                "price_unit": amount / 8,
                                "tax_ids": [Command.clear()],
                                "sale_line_ids": [Command.set(order.order_line.ids)],
                            }
                        )
                    ],
                }
            )
        )
        note.action_post()
        self._keep("refund", note)

    def _do_undo_refund(self, partner, company, which, amount):
        note = self._pick("refund", which)
        if note and note.state == "posted":
            note.button_draft()

    def _do_lead(self, partner, company, which, amount):
        lead = self.env["crm.lead"].create(
            {
                "name": "Lead",
                "type": "opportunity",
                "partner_id": partner.id if which % 3 else False,
                "user_id": False,
            }
        )
        lead.company_id = company
        self._backdate(lead)
        self._keep("lead", lead)

    def _do_win(self, partner, company, which, amount):
        lead = self._pick("lead", which)
        if lead and lead.active:
            lead.action_set_won()
            lead.date_closed = self._moment()

    def _do_lose(self, partner, company, which, amount):
        lead = self._pick("lead", which)
        if lead and lead.won_status == "pending":
            lead.action_set_lost()
            lead.date_closed = self._moment()

    def _do_delete_lead(self, partner, company, which, amount):
        lead = self._pick("lead", which)
        if lead:
            lead.unlink()

    def _talked_of(self, partner, which):
        """Return the contact, one of the orders, or one of the leads."""
        kind = ("order", "lead", None)[which % 3]
        return (kind and self._pick(kind, which)) or partner

    def _do_message(self, partner, company, which, amount):
        record = self._talked_of(partner, which)
        message = self.env["mail.message"].create(
            {
                "model": record._name,
                "res_id": record.id,
                "message_type": "email" if amount % 2 else "comment",
                "subtype_id": self.env.ref("mail.mt_comment").id,
                "author_id": partner.id if amount % 2 else self.env.user.partner_id.id,
                "date": self._moment(which * 2),
            }
        )
        self._keep("message", message)

    def _do_delete_message(self, partner, company, which, amount):
        message = self._pick("message", which)
        if message:
            message.unlink()

    def _do_activity(self, partner, company, which, amount):
        activity = self._talked_of(partner, which).activity_schedule(
            "mail.mail_activity_data_call",
            date_deadline=self.today + timedelta(days=amount),
            user_id=self.env.user.id,
        )
        self._backdate(activity)
        self._keep("activity", activity)

    def _do_finish_activity(self, partner, company, which, amount):
        activity = self._pick("activity", which)
        if activity and activity.active:
            activity.with_context(mail_activity_quick_update=True)._action_done()
            activity.date_done = self.today

    def _do_cancel_activity(self, partner, company, which, amount):
        activity = self._pick("activity", which)
        if activity:
            activity.unlink()

    def _do_merge(self, partner, company, which, amount):
        other = self.partners[which % len(self.partners)]
        if other == partner or len(self.partners) < 3:
            return
        if other.commercial_partner_id == partner.commercial_partner_id:
            return  # Odoo refuses to merge a contact into its own company
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((partner | other).ids, partner)
        self.env.invalidate_all()
        self.partners = self.partners.exists()

    def _do_join(self, partner, company, which, amount):
        other = self.partners[which % len(self.partners)]
        if other.is_company and not partner.is_company and other != partner:
            partner.parent_id = other

    def _do_leave(self, partner, company, which, amount):
        partner.parent_id = False

    def _do_move(self, partner, company, which, amount):
        profile = self.env["crm.lifecycle.profile"].search(
            [
                ("partner_id", "=", partner.commercial_partner_id.id),
                ("company_id", "=", company.id),
            ]
        )
        stages = profile.lifecycle_id.stage_ids - profile.stage_id
        if not stages:
            return
        stage = stages[amount % len(stages)]
        today = self.today
        with patch.object(type(company), "_lifecycle_today", lambda company: today):
            profile.stage_id = stage
        free_from = today + timedelta(days=HOLDS[company.name])
        self.chosen[profile] = stage, free_from

    def _do_archive(self, partner, company, which, amount):
        partner.active = not partner.active
