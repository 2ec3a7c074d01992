"""The same customer in several companies, with stage, facts and currency of each."""

from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .two_companies import TwoCompaniesCase

TODAY = date(2026, 3, 12)
MORNING = "2026-03-12 02:00"  # the 12th in Shanghai, still the 11th in New York


class CompaniesCase(TwoCompaniesCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A dollar is seven yuan, in both directions.
        cls.env["res.currency.rate"].search([]).unlink()
        cls.env["res.currency.rate"].create(
            [
                {"name": "2020-01-01", **vals}
                for vals in (
                    {
                        "currency_id": cls.yuan.id,
                        "company_id": cls.west.id,
                        "rate": 7,
                    },
                    {
                        "currency_id": cls.dollar.id,
                        "company_id": cls.east.id,
                        "rate": 1 / 7,
                    },
                )
            ]
        )
        cls.order_east = cls._order(cls.east, MORNING, 700)
        cls.order_west = cls._order(cls.west, MORNING, 30)
        for company in (cls.east, cls.west):
            cls.env["crm.lifecycle"]._run(company, TODAY)
        cls.env.invalidate_all()

    def _as(self, user, *companies):
        """Return the environment of a user with selected companies, the current one
        first."""
        return self.env(
            user=user,
            context={"allowed_company_ids": [company.id for company in companies]},
        )


@tagged("post_install", "-at_install")
class TestSharedCustomers(CompaniesCase):
    def test_each_company_has_its_own_profile_and_facts(self):
        east, west = self._profile(self.east), self._profile(self.west)
        self.assertTrue(east and west and east != west)
        self.assertRecordValues(
            east | west,
            [
                {
                    "order_total": 700,
                    "currency_id": self.yuan.id,
                    "last_order_date": date(2026, 3, 12),
                },
                {
                    "order_total": 30,
                    "currency_id": self.dollar.id,
                    "last_order_date": date(2026, 3, 11),
                },
            ],
        )
        self.assertEqual(east.stage_id.name, "Customer of East")
        self.assertEqual(west.stage_id.name, "Customer of West")

    def test_an_order_in_another_currency_is_counted_in_the_companys(self):
        pricelist = self.env["product.pricelist"].create(
            {"name": "Yuan", "currency_id": self.yuan.id, "company_id": self.west.id}
        )
        self._order(self.west, MORNING, 70, pricelist_id=pricelist.id)
        self._run(self.west, TODAY)
        self.assertEqual(self._profile(self.west).order_total, 40)
        self.assertEqual(self._profile(self.east).order_total, 700)

    def test_a_user_of_one_company_sees_its_customer_alone(self):
        for company, other in ((self.east, self.west), (self.west, self.east)):
            user = self._user(f"of_{company.name}", company)
            env = self._as(user, company)
            mine = env["crm.lifecycle.profile"].search([])
            self.assertEqual(mine, self._profile(company))
            with self.assertRaises(AccessError):
                mine.browse(self._profile(other).id).read(["order_total"])
            self.assertFalse(
                env["crm.lifecycle.history"].search([("company_id", "=", other.id)])
            )

    def test_a_move_in_one_company_is_none_in_the_other(self):
        before = len(self._profile(self.west).history_ids)
        lost = self.lifecycles[self.east].stage_ids.filtered(lambda s: s.code == "lost")
        self._profile(self.east).stage_id = lost
        self.assertEqual(self._stage(self.west), "customer")
        self.assertEqual(len(self._profile(self.west).history_ids), before)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self._profile(self.west).stage_id = lost


@tagged("post_install", "-at_install")
class TestBranches(CompaniesCase):
    """A branch is a company of its own: its orders do not count for its parent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["crm.lifecycle"]._run(cls.shop, TODAY)

    def test_what_was_ordered_at_a_branch_counts_there(self):
        self.assertFalse(self._profile(self.shop))
        self._order(self.shop, MORNING, 5)
        for company in self.companies:
            self._run(company, TODAY)
        self.assertEqual(self._profile(self.shop).order_total, 5)
        self.assertEqual(self._profile(self.east).order_total, 700)
        self.assertEqual(self._stage(self.shop), "customer")

    def test_parent_and_branch_see_each_other_only_where_both_are_chosen(self):
        self._order(self.shop, MORNING, 5)
        self._run(self.shop, TODAY)
        both = self._user("both", self.east | self.shop)
        east, shop = self._profile(self.east), self._profile(self.shop)
        for companies, seen in (
            ((self.east,), east),
            ((self.shop,), shop),
            ((self.east, self.shop), east | shop),
            ((self.shop, self.east), east | shop),
        ):
            env = self._as(both, *companies)
            with self.subTest(companies=[company.name for company in companies]):
                self.assertEqual(env["crm.lifecycle.profile"].search([]), seen)
                self.assertEqual(
                    env["crm.lifecycle.history"].search([]).profile_id, seen
                )
                partner = self.partner.with_env(env)
                self.assertEqual(
                    partner.lifecycle_profile_id.company_id, companies[0], "on contacts"
                )
        for company, other in ((self.east, shop), (self.shop, east)):
            user = self._user(f"only_{company.id}", company)
            with self.assertRaises(AccessError):
                other.with_env(self._as(user, company)).read(["stage_id"])

    def test_a_shared_lifecycle_is_run_in_the_branch_too(self):
        for company in (self.east, self.shop):
            self.lifecycles[company].action_archive()
        shared = self._lifecycle(self.east)
        shared.company_id = False
        self._order(self.shop, MORNING, 5)
        self._run(self.shop, TODAY)
        self.assertEqual(self._profile(self.shop).lifecycle_id, shared)


@tagged("post_install", "-at_install")
class TestCurrenciesInReports(CompaniesCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.leader = cls._user("lea", cls.east | cls.west)
        for company in (cls.east, cls.west):
            cls.env["crm.lifecycle.purchase.month"]._refresh(company, TODAY)
        cls.env.flush_all()

    def _revenue(self, *companies):
        report = self._as(self.leader, *companies)["crm.lifecycle.purchase.report"]
        table = report.get_lifecycle_cohorts([], {"measure": "revenue"})
        [cohort] = table["cohorts"]
        currency = self.env["res.currency"].browse(table["currency_id"])
        return currency.name, round(cohort["cells"][0]["value"], 2), cohort["size"]

    def test_cohorts_tell_revenue_in_the_currency_of_the_company_one_works_in(self):
        """Two companies' amounts were added as if a yuan were a dollar."""
        self.assertEqual(self._revenue(self.east), ("CNY", 700, 1))
        self.assertEqual(self._revenue(self.west), ("USD", 30, 1))
        self.assertEqual(self._revenue(self.west, self.east), ("USD", 130, 2))
        self.assertEqual(self._revenue(self.east, self.west), ("CNY", 910, 2))

    def test_tables_of_odoo_have_what_they_need_to_convert(self):
        """Pivots, graphs, grouped lists and dashboards convert sums into one currency
        if there are several; they need the currency of the rows."""
        env = self._as(self.leader, self.west, self.east)
        for model, name in (
            ("crm.lifecycle.purchase.report", "amount"),
            ("crm.lifecycle.customer.report", "order_total"),
            ("crm.lifecycle.profile", "order_total"),
        ):
            with self.subTest(model=model):
                [[currencies, total]] = env[model]._read_group(
                    [], [], ["currency_id:array_agg_distinct", f"{name}:sum_currency"]
                )
                self.assertEqual(set(currencies), {self.yuan.id, self.dollar.id})
                self.assertAlmostEqual(total, 130)
        field = env["crm.loyalty.points.report"]._fields["liability"]
        self.assertEqual(field.type, "monetary")

    def test_every_amount_of_ours_tells_its_currency(self):
        ours = [
            field
            for name, model in self.env.registry.items()
            if name.startswith(("crm.lifecycle", "loyalty.")) and not model._abstract
            for field in model._fields.values()
            if field.type == "monetary"
        ]
        self.assertTrue(ours)
        for field in ours:
            model = self.env[field.model_name]
            self.assertIn(field.get_currency_field(model), model._fields, field)


@tagged("post_install", "-at_install")
class TestCompanySwitch(CompaniesCase):
    """After a user switches from East to West, no data of East is left."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._user("lea", cls.east | cls.west)
        cls.lost = cls.lifecycles[cls.west].stage_ids.filtered(
            lambda stage: stage.code == "lost"
        )
        cls._profile(cls.west).stage_id = cls.lost
        for company in (cls.east, cls.west):
            cls.env["crm.lifecycle.purchase.month"]._refresh(company, TODAY)
        cls.env.flush_all()
        cls.env.invalidate_all()

    def _orders(self):
        return ((self.east, self.west), (self.west, self.east), (self.east, self.west))

    def test_a_contact_shows_the_stage_of_the_company_chosen_first(self):
        """In one session, without emptying the caches."""
        for companies in self._orders():
            env, company = self._as(self.user, *companies), companies[0]
            partner = self.partner.with_env(env)
            profile = self._profile(company)
            with self.subTest(company=company.name):
                self.assertEqual(partner.lifecycle_profile_id, profile)
                self.assertEqual(partner.lifecycle_stage_id, profile.stage_id)
                self.assertEqual(
                    partner.lifecycle_order_total_12m, profile.order_total_12m
                )
                self.assertEqual(partner.lifecycle_currency_id, company.currency_id)
                [row] = partner.read(["lifecycle_stage_id", "lifecycle_category"])
                self.assertEqual(row["lifecycle_category"], profile.stage_category)
                found = partner.search([("lifecycle_stage_id", "=", self.lost.id)])
                self.assertEqual(bool(found), company == self.west)
                groups = partner._read_group(
                    [("id", "=", partner.id)], ["lifecycle_stage_id"], ["__count"]
                )
                self.assertEqual(groups, [(profile.stage_id, 1)])

    def test_overview_and_buttons_are_of_the_company_chosen_first(self):
        for companies in self._orders():
            env, company = self._as(self.user, *companies), companies[0]
            partner = self.partner.with_env(env)
            profile = self._profile(company)
            with self.subTest(company=company.name):
                overview = env["crm.lifecycle.profile"].get_overview(
                    "res.partner", partner.id
                )
                facts = {fact["name"]: fact for fact in overview["facts"]}
                self.assertEqual(overview["id"], profile.id)
                self.assertEqual(overview["stage"], profile.stage_id.name)
                total = facts["order_total_12m"]
                self.assertEqual(total["value"], profile.order_total_12m)
                self.assertEqual(total["currency_id"], company.currency_id.id)
                orders = [
                    event["res_id"]
                    for event in overview["events"]
                    if event["res_model"] == "sale.order"
                ]
                order = self.order_east if company == self.east else self.order_west
                self.assertEqual(orders, order.ids)
                action = partner.action_open_lifecycle_profile()
                self.assertEqual(action["res_id"], profile.id)

    def test_a_document_stays_with_the_company_it_is_of(self):
        for companies in self._orders():
            env = self._as(self.user, *companies)
            for order, company in (
                (self.order_east, self.east),
                (self.order_west, self.west),
            ):
                profile = order.with_env(env).lifecycle_profile_id
                self.assertEqual(profile.company_id, company)

    def test_what_is_written_goes_to_the_company_one_works_in(self):
        east = self._profile(self.east)
        self.partner.with_env(
            self._as(self.user, self.east, self.west)
        ).lifecycle_profile_id.note = "of East"
        profile = self.partner.with_env(
            self._as(self.user, self.west, self.east)
        ).lifecycle_profile_id
        profile.note = "of West"
        profile.stage_id = self.lost.lifecycle_id.stage_ids[0]
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertIn("of East", east.note)
        self.assertIn("of West", self._profile(self.west).note)
        self.assertEqual(east.stage_id.code, "customer")
        self.assertEqual(self._stage(self.west), "prospect")

    def test_figures_are_of_the_companies_that_are_chosen(self):
        """Also for a dashboard, which reads the same models."""
        for companies, customers in (
            ((self.east,), 1),
            ((self.west,), 1),
            ((self.west, self.east), 2),
        ):
            env = self._as(self.user, *companies)
            for model in (
                "crm.lifecycle.customer.report",
                "crm.lifecycle.stage.report",
            ):
                with self.subTest(model=model, companies=len(companies)):
                    rows = env[model].search([])
                    ids = {company.id for company in companies}
                    self.assertEqual(set(rows.company_id.ids), ids)
            [[amount]] = env["crm.lifecycle.customer.report"]._read_group(
                [], [], ["order_count:sum"]
            )
            self.assertEqual(amount, customers)
