"""Tests of screens of tickets and their customers, for any kind of ticket."""

from contextlib import suppress

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user
from odoo.tools import mute_logger

RULES = "odoo.addons.crm_lifecycle_service.models.crm_lifecycle_ticket_rule"

LIFECYCLE_FIELDS = (
    "lifecycle_stage",
    "lifecycle_category",
    "lifecycle_tier",
    "lifecycle_health",
    "lifecycle_health_reasons",
    "lifecycle_guidance",
    "lifecycle_follow_up_date",
    "lifecycle_open_tickets",
)


class TicketScreens:
    """Mixin for a `TicketCase` of a kind."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.agent = cls._user("agatha", cls.service_groups)
        cls._put_at_risk()
        cls.child = cls._partner("Child", parent_id=cls.partner.id, company_id=False)

    def _assign(self, **vals):
        return self.env["crm.lifecycle.ticket.rule"].create(
            {
                "name": "At risk first",
                "company_id": self.company.id,
                "category": "at_risk",
                "priority": "2",
                **vals,
            }
        )

    # ------------------------------------------------------------
    # Conditions
    # ------------------------------------------------------------

    def test_conditions_that_cant_be_asked_are_refused_by_name(self):
        for text in (
            "[('won_count', '>', 1e400)]",
            "[('stage_date', '<=', 'today +7900y')]",
            "[('id', '=', 'abc')]",
            "[('note', '=', '\\0')]",
        ):
            with (
                self.subTest(text=text),
                self.assertRaisesRegex(ValidationError, "At risk first"),
            ):
                self._assign(domain=text)

    def _force(self, rule, **vals):
        """Write values on a rule that its checks would reject."""
        for name, value in vals.items():
            self.env.cr.execute(
                f"UPDATE crm_lifecycle_ticket_rule SET {name} = %s WHERE id = %s",
                [value, rule.id],
            )
        rule.invalidate_recordset()

    def test_a_rule_that_cant_be_asked_stops_no_ticket(self):
        """Its tickets get no rule. Those of other companies get theirs."""
        rule = self._assign(sequence=1)
        self._assign(name="After it", sequence=2)
        self.env.flush_all()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        for text in (
            "[('stage_date.month_number', '=', 'abc')]",
            "[('won_count', '>', 1e400)]",
        ):
            with self.subTest(text=text):
                self._force(rule, domain=text)
                with mute_logger("odoo.sql_db", RULES):
                    ticket = self._ticket(self.partner)
                self.assertNotEqual(ticket.priority, "2")
        self._force(rule, company_id=company.id)
        self.assertEqual(self._ticket(self.partner).priority, "2")

    # ------------------------------------------------------------
    # Roles
    # ------------------------------------------------------------

    def test_service_staff_see_the_stage_and_no_amount(self):
        ticket = self.first.with_user(self.agent)
        self.assertFalse(self.agent.has_group("sales_team.group_sale_salesman"))
        self.assertEqual(ticket.lifecycle_stage, "Risk")
        self.assertEqual(ticket.lifecycle_category, "at_risk")
        self.assertEqual(ticket.lifecycle_open_tickets, 1)
        self.assertIn("Call within a day", ticket.lifecycle_guidance)
        self.assertFalse(ticket.lifecycle_tier)
        with self.assertRaises(AccessError):
            ticket.read(["lifecycle_profile_id"])
        with self.assertRaises(AccessError):
            self.profile.with_user(self.agent).read(["stage_id"])
        types = {ticket._fields[name].type for name in LIFECYCLE_FIELDS}
        self.assertFalse(types & {"monetary", "float", "many2one"})

    def test_a_ticket_that_is_not_saved_shows_no_customer_of_another_company(self):
        there = self.env["res.company"].create({"name": "There"})
        lifecycle = self.env["crm.lifecycle"].create(
            {
                "name": "There",
                "company_id": there.id,
                "stage_ids": [Command.create({"name": "Secret", "code": "a"})],
            }
        )
        lifecycle.write({"state": "active"})
        foreign = self._partner("Foreign", company_id=there.id)
        profile = (
            self.env["crm.lifecycle.profile"]
            .with_company(there)
            .create({"partner_id": foreign.id, "company_id": there.id})
        )
        self.assertEqual(profile.stage_id.name, "Secret")
        self.env.flush_all()
        self.env.invalidate_all()
        spec = {name: {} for name in ("partner_id", "company_id", *LIFECYCLE_FIELDS)}
        for company in (there.id, False):
            values = {"partner_id": foreign.id, "company_id": company}
            tickets = self.first.browse().with_user(self.agent)
            found = {}
            # Some applications reject such a contact themselves.
            with suppress(AccessError):
                found = tickets.onchange(values, ["partner_id"], spec)
            self.assertNotIn("Secret", str(found))

    def test_service_staff_see_how_the_customer_is_and_why(self):
        ticket = self.first.with_user(self.agent)
        self.assertEqual(ticket.lifecycle_health, "at_risk")
        self.assertIn("stage", ticket.lifecycle_health_reasons)
        self.assertIn("open for 7 days", ticket.lifecycle_health_reasons)
        chinese = ticket.with_context(lang="zh_CN")
        self.assertIn("阶段", chinese.lifecycle_health_reasons)

    def test_service_staff_see_the_tier(self):
        Profile = self.env["crm.lifecycle.profile"]
        if "loyalty_tier_id" not in Profile._fields:
            self.skipTest("tiers are facts of another addon")
        program = self.env["loyalty.program"].create(
            {"name": "Club", "program_type": "loyalty", "company_id": self.company.id}
        )
        tier = self.env["crm.loyalty.tier"].create(
            {"name": "Gold", "program_id": program.id, "threshold": 0}
        )
        self.env.cr.execute(
            "UPDATE crm_lifecycle_profile SET loyalty_tier_id = %s WHERE id = %s",
            [tier.id, self.profile.id],
        )
        self.env.invalidate_all()
        self.assertEqual(self.first.with_user(self.agent).lifecycle_tier, "Gold")

    def test_customers_do_not_read_where_they_stand(self):
        portal = new_test_user(
            self.env,
            "customer",
            groups="base.group_portal",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        shown = self.first.with_user(portal).fields_get()
        self.assertFalse(set(LIFECYCLE_FIELDS) & set(shown))

    def test_the_stage_is_that_of_the_ticket_s_company(self):
        east = self._second_company()
        self.env["crm.lifecycle"].search(
            [("company_id", "=", east.id)]
        ).rule_ids.active = False
        ticket = self._ticket(self.child, 1, company=east)
        self.assertFalse(ticket.lifecycle_stage)
        self.env["crm.lifecycle"]._run(east, self.company._lifecycle_today())
        self.env.invalidate_all()
        self.assertEqual(ticket.lifecycle_stage, "Prospect")
        self.assertEqual(self._ticket(self.child, 1).lifecycle_stage, "Risk")

    def test_tickets_are_found_by_where_their_customers_stand(self):
        other = self._ticket(self._partner("Bob"), 1)
        Ticket = self.env[self.model].with_user(self.agent)
        mine = [("id", "in", (self.first | other).ids)]
        found = Ticket.search([*mine, ("lifecycle_category", "=", "at_risk")])
        self.assertEqual(found.sudo(), self.first)
        found = Ticket.search([*mine, ("lifecycle_category", "in", ["loyal", "lost"])])
        self.assertFalse(found)

    def test_stages_of_many_tickets_cost_the_same_queries(self):
        many = self.first.browse()
        for number in range(8):
            many |= self._ticket(self._partner(f"P{number}"), number)
        counts = []
        for tickets in (many[:2], many):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            tickets.mapped("lifecycle_stage")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    # ------------------------------------------------------------
    # Assignment
    # ------------------------------------------------------------

    def test_the_first_rule_that_fits_assigns_a_new_ticket(self):
        self._assign(name="Nobody", sequence=1, domain="[('ticket_count', '>', 99)]")
        rule = self._assign(sequence=2, user_id=self.agent.id)
        self._assign(name="Too late", sequence=3, priority="3")
        ticket = self._make(self.child, self.company)
        self.assertEqual(ticket.lifecycle_rule_id, rule)
        self.assertEqual(ticket.priority, "2")
        self.assertEqual(self._get_assignee(ticket), self.agent)
        note = ticket.message_ids.filtered("body")[:1]
        self.assertIn("At risk first", note.body)
        self.assertIn("Risk", note.body)
        self.assertIn("High", note.body)
        self.assertIn(self.agent.name, note.body)

    def test_a_rule_never_makes_a_ticket_less_urgent(self):
        self._assign(priority="1")
        self.assertEqual(
            self._make(self.partner, self.company, priority="3").priority, "3"
        )

    def test_no_rule_fits_a_customer_in_another_stage_or_nobody(self):
        rule = self._assign()
        self.assertFalse(
            self._make(self._partner("Bob"), self.company).lifecycle_rule_id
        )
        nobody = self.env["res.partner"]
        self.assertFalse(self._make(nobody, self.company).lifecycle_rule_id)
        rule.write({"category": False, "stage_ids": [Command.set(self.lost.ids)]})
        self.assertFalse(self._make(self.partner, self.company).lifecycle_rule_id)
        rule.stage_ids = self.risk
        self.assertEqual(self._make(self.partner, self.company).lifecycle_rule_id, rule)

    def test_rules_of_another_company_are_not_asked(self):
        self._assign(company_id=self._second_company().id)
        self.assertFalse(self._make(self.partner, self.company).lifecycle_rule_id)

    def test_service_staff_are_helped_by_rules_that_they_can_not_change(self):
        rule = self._assign()
        ticket = self._make_as(self.agent)
        self.assertEqual(ticket.sudo().lifecycle_rule_id, rule)
        with self.assertRaises(AccessError):
            rule.with_user(self.agent).write({"priority": "3"})
        rule.with_user(self.manager).write({"priority": "3"})

    def _make_as(self, user):
        env = self.env(user=user)
        case = type(self)
        known, case.env = case.env, env
        try:
            return case._make(self.child.with_env(env), self.company)
        finally:
            case.env = known

    def test_mistakes_in_a_rule_are_refused_with_its_name(self):
        with self.assertRaisesRegex(ValidationError, "At risk first.*sets nothing"):
            self._assign(priority=False)
        with self.assertRaisesRegex(ValidationError, "At risk first"):
            self._assign(domain="[('no_such_fact', '=', 1)]")

    # ------------------------------------------------------------
    # Links and timeline
    # ------------------------------------------------------------

    def test_buttons_count_and_open_what_the_user_may_see(self):
        other = self._ticket(self._partner("Bob"), 1)
        second = self._ticket(self.child, 1)
        both = self._user(
            "bea", f"sales_team.group_sale_salesman,{self.service_groups}"
        )
        lead = self._lead(partner_id=self.child.id)
        for record in (self.profile, self.partner, self.child, lead):
            record = record.with_user(both)
            self.assertEqual(record[self.number_field], 2, record)
            action = getattr(record, self.open_action)()
            found = self.env[self.model].search(action["domain"])
            self.assertEqual(found, self.first | second)
            self.assertNotIn(other, found)
            action = getattr(record, self.new_action)()
            Ticket = self.env[self.model].with_context(**action["context"])
            self.assertIn(
                Ticket.default_get(["partner_id"])["partner_id"],
                (self.partner | self.child).ids,
            )

    def test_a_ticket_opens_the_profile_of_its_customer(self):
        ticket = self.first.with_user(
            self._user("bea", "sales_team.group_sale_manager")
        )
        self.assertEqual(ticket.sudo(False).lifecycle_profile_id.id, self.profile.id)
        action = self.first.action_open_lifecycle_profile()
        self.assertEqual(action["res_id"], self.profile.id)

    def test_the_timeline_tells_of_tickets_closings_and_ratings(self):
        self._do(self.first, self._close, 5)
        self._do(self.first, self._reopen, 4)
        self._rate(self.first, 2, 3, feedback="Slow")
        events = self._events(self.env.user)
        self.assertEqual(
            [(e["label"], e["title"]) for e in events],
            [
                ("Rated 2 of 5", self.first.name),
                ("Ticket opened again", self.first.name),
                ("Ticket closed", self.first.name),
                ("Ticket", self.first.name),
            ],
        )
        self.assertEqual(events[0]["detail"], "Slow")
        self._hide_from_sales(self.first)
        self.assertFalse(self._events(self.leader), "no ticket that the app hides")

    def _events(self, user):
        self.env.flush_all()
        self.env.invalidate_all()
        answer = (
            self.env["crm.lifecycle.profile"]
            .with_user(user)
            .get_timeline("crm.lifecycle.profile", self.profile.id, ["service"])
        )
        return answer["events"]


class TicketTours:
    """Mixin of browser tests for a `TicketCase` of a kind and an `HttpCase`."""

    list_action = None
    ticket_tour = None
    profile_tour = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._put_at_risk()

    def test_service_staff_see_where_the_customer_stands(self):
        agent = self._user("agatha", self.service_groups)
        self.start_tour(
            f"/odoo/action-{self.list_action}/{self.first.id}",
            self.ticket_tour,
            login=agent.login,
        )

    def test_a_salesperson_gets_from_the_customer_to_tickets_and_back(self):
        both = self._user(
            "bea", f"sales_team.group_sale_salesman,{self.service_groups}"
        )
        self.start_tour(
            f"/odoo/action-crm_lifecycle.crm_lifecycle_profile_action/{self.profile.id}",
            self.profile_tour,
            login=both.login,
        )
