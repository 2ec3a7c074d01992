"""Two companies in distant time zones, with the same customers."""

from contextlib import contextmanager
from datetime import date, datetime
from unittest.mock import patch

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user

STAGES = (
    ("prospect", "prospect"),
    ("customer", "customer"),
    ("asleep", "at_risk"),
    ("lost", "lost"),
)


class TwoCompaniesCase(TransactionCase):
    """East in Shanghai counts in yuan, West in New York in dollars.

    ``shop`` is a branch of East. Each has a lifecycle of its own with the same stages:
    an order makes a customer, 30 days without one put the customer to sleep.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The days of the runs are in the future by the clock of the database.
        cls.classPatch(
            cls.registry["res.company"], "_get_database_today", lambda company: date.max
        )
        cls.env["crm.lifecycle"].search([]).write({"state": "archived"})
        cls.yuan, cls.dollar = (
            cls.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "in", ("CNY", "USD"))], order="name")
        )
        (cls.yuan | cls.dollar).active = True
        cls.east = cls._company("East", cls.yuan, "Asia/Shanghai")
        cls.west = cls._company("West", cls.dollar, "America/New_York")
        cls.shop = cls._company(
            "East shop", cls.yuan, "Asia/Shanghai", parent_id=cls.east.id
        )
        cls.companies = cls.east | cls.west | cls.shop
        cls.env.user.company_ids |= cls.companies
        cls.env = cls.env(
            context={
                **cls.env.context,
                "allowed_company_ids": cls.companies.ids,
                "tracking_disable": True,
            }
        )
        cls.lifecycles = {company: cls._lifecycle(company) for company in cls.companies}
        cls.product = cls.env["product.product"].create(
            {"name": "Thing", "type": "service", "taxes_id": [Command.clear()]}
        )
        cls.partner = cls.env["res.partner"].create(
            {"name": "Ada", "is_company": True, "company_id": False}
        )

    @classmethod
    def _company(cls, name, currency, tz, **vals):
        return cls.env["res.company"].create(
            {"name": name, "currency_id": currency.id, "lifecycle_tz": tz, **vals}
        )

    @classmethod
    def _lifecycle(cls, company):
        lifecycle = cls.env["crm.lifecycle"].create(
            {
                "name": f"Lifecycle of {company.name}",
                "company_id": company.id,
                "stage_ids": [
                    Command.create(
                        {
                            "name": f"{code.capitalize()} of {company.name}",
                            "code": code,
                            "category": category,
                            "sequence": sequence,
                        }
                    )
                    for sequence, (code, category) in enumerate(STAGES)
                ],
            }
        )
        stages = {stage.code: stage for stage in lifecycle.stage_ids}
        for source, target, domain in (
            ("prospect", "customer", [("order_count", ">", 0)]),
            ("customer", "asleep", [("last_order_date", "<=", "today -30d")]),
        ):
            cls.env["crm.lifecycle.rule"].create(
                {
                    "name": f"to {target}",
                    "lifecycle_id": lifecycle.id,
                    "from_stage_ids": [Command.set(stages[source].ids)],
                    "to_stage_id": stages[target].id,
                    "domain": repr(domain),
                }
            )
        lifecycle.write({"state": "active", "activation_date": "2025-01-01"})
        return lifecycle

    @classmethod
    def _user(cls, login, companies, groups="sales_team.group_sale_salesman_all_leads"):
        return new_test_user(
            cls.env,
            login,
            groups=groups,
            company_id=companies[:1].id,
            company_ids=[Command.set(companies.ids)],
        )

    @classmethod
    def _order(cls, company, moment, amount=100, partner=None, **vals):
        """Return an order confirmed at a moment in UTC."""
        order = (
            cls.env["sale.order"]
            .with_company(company)
            .create(
                {
                    "partner_id": (partner or cls.partner).id,
                    "company_id": company.id,
                    "order_line": [
                        Command.create(
                            {
                                "product_id": cls.product.id,
                                "product_uom_qty": 1,
                                "price_unit": amount,
                                "tax_ids": [Command.clear()],
                            }
                        )
                    ],
                    **vals,
                }
            )
        )
        order.action_confirm()
        order.date_order = datetime.fromisoformat(moment)
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE sale_order SET create_date = date_order WHERE id = %s", [order.id]
        )
        order.invalidate_recordset()
        return order

    def _run(self, company, as_of, **kwargs):
        self.env.flush_all()
        run = self.env["crm.lifecycle"]._run(company, as_of, **kwargs)
        self.env.invalidate_all()
        return run

    @classmethod
    def _profile(cls, company, partner=None):
        return cls.env["crm.lifecycle.profile"].search(
            [
                ("partner_id", "=", (partner or cls.partner).id),
                ("company_id", "=", company.id),
            ]
        )

    def _stage(self, company, partner=None):
        return self._profile(company, partner).stage_id.code

    @contextmanager
    def _now(self, moment):
        """Freeze the time at a moment, UTC."""
        moment = datetime.fromisoformat(moment)
        with freeze_time(moment), patch.object(self.env.cr, "now", lambda: moment):
            yield

    def _night(self, moment):
        """Call the scheduled job at a moment (UTC); return what ran."""
        Run = self.env["crm.lifecycle.run"]
        last = Run.search([], order="id desc", limit=1)
        self.env.flush_all()
        with self._now(moment), self.enter_registry_test_mode():
            self.env.ref("crm_lifecycle.ir_cron_run").method_direct_trigger()
        self.env.invalidate_all()
        runs = Run.search(
            [("id", ">", last.id or 0), ("parent_id", "=", False)], order="id"
        )
        return [(run.company_id.name, str(run.as_of), run.state) for run in runs]
