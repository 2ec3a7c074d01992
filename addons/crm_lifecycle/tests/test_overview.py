from datetime import date, datetime, timedelta

from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import TODAY, LifecycleCase

PROFILE = "crm.lifecycle.profile"


@tagged("post_install", "-at_install")
class TestOverview(LifecycleCase):
    """The overview of a customer, as seen by their salesperson."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls._customer("Ada", user_id=cls.salesperson.id, is_company=True)
        cls.partner = cls.ada.partner_id
        cls.lead = cls.partner.opportunity_ids
        cls.lead.write({"name": "A shop", "user_id": cls.salesperson.id})
        cls.env.flush_all()
        cls.env.invalidate_all()

    def _overview(self, record=None, user=None, **kwargs):
        record = record or self.partner
        self.env.invalidate_all()
        return (
            self.env[PROFILE]
            .with_user(user or self.salesperson)
            .get_overview(record._name, record.id, **kwargs)
        )

    def _events(self, record=None, user=None, kinds=(), limit=50):
        record = record or self.partner
        self.env.flush_all()
        self.env.invalidate_all()
        return (
            self.env[PROFILE]
            .with_user(user or self.salesperson)
            .get_timeline(record._name, record.id, kinds, limit)["events"]
        )

    def _said(self, record, body, days_ago=0, **vals):
        return self.env["mail.message"].create(
            {
                "model": record._name,
                "res_id": record.id,
                "body": body,
                "message_type": "comment",
                "subtype_id": self.env.ref("mail.mt_comment").id,
                "date": datetime.combine(
                    TODAY - timedelta(days=days_ago), datetime.min.time()
                ),
                **vals,
            }
        )

    # ------------------------------------------------------------
    # Stage
    # ------------------------------------------------------------

    def test_the_path_tells_what_is_behind_and_what_is_ahead(self):
        self.ada._lifecycle_move(
            self.engaged, origin="manual", as_of=TODAY + timedelta(days=4)
        )
        stages = self._overview()["stages"]
        self.assertEqual(
            [stage["name"] for stage in stages],
            ["Prospect", "Engaged", "Customer", "Risk", "Lost"],
        )
        prospect, engaged, customer, _risk, _lost = stages
        self.assertEqual(
            (prospect["visits"], prospect["entered"], prospect["exited"]),
            (1, TODAY, TODAY + timedelta(days=4)),
        )
        self.assertEqual(prospect["days"], 4)
        self.assertTrue(engaged["is_current"])
        self.assertFalse(engaged["exited"])
        self.assertEqual((customer["visits"], customer["is_current"]), (0, False))

    def test_it_tells_the_time_in_stage_the_follow_up_and_the_next_action(self):
        today = self.company._lifecycle_today()
        self.engaged.write({"follow_up_days": 3, "goal": "Agree on a first project."})
        self.ada._lifecycle_move(
            self.engaged, origin="manual", as_of=today - timedelta(days=8)
        )
        overview = self._overview()
        self.assertEqual(overview["days"], 8)
        self.assertEqual(overview["follow_up_days"], -5)
        self.assertEqual(overview["next_action"], "Agree on a first project.")
        self.ada.activity_schedule(
            "mail.mail_activity_data_call", summary="Ask for the plans"
        )
        self.assertEqual(self._overview()["next_action"], "Call: Ask for the plans")

    def test_a_fact_that_is_not_known_is_told_from_none(self):
        facts = {fact["name"]: fact for fact in self._overview()["facts"]}
        self.assertEqual(facts["open_lead_count"]["value"], 1)
        self.assertEqual(facts["won_count"]["value"], 0)
        self.assertIs(facts["last_inbound_date"]["value"], False)
        self.assertEqual(facts["first_seen_date"]["value"], TODAY)

    def test_contacts_of_a_company_and_leads_show_the_same_customer(self):
        person = self._partner("Person", parent_id=self.partner.id)
        for record in (self.partner, person, self.lead, self.ada):
            with self.subTest(model=record._name):
                self.assertEqual(self._overview(record)["id"], self.ada.id)

    def test_a_lead_without_a_contact_has_a_timeline_of_its_own(self):
        lead = self._lead(name="Unknown caller", user_id=self.salesperson.id)
        self._run()
        self._said(lead, "Hello", 1)
        titles = {event["title"] for event in self._events(lead)}
        self.assertEqual(titles, {"Unknown caller", "Hello", "Prospect"})

    def test_a_contact_without_a_profile_has_no_overview(self):
        self.assertFalse(self._overview(self._partner("Stranger")))

    # ------------------------------------------------------------
    # The timeline
    # ------------------------------------------------------------

    def test_all_that_happened_stands_in_one_timeline_newest_first(self):
        self._said(self.partner, "<p>Welcome &amp; thanks</p>", 5)
        self._said(self.lead, "<p>Here is our offer</p>", 4, subject="Offer")
        self.lead.activity_schedule(
            "mail.mail_activity_data_call", summary="Ask how it goes"
        ).action_feedback(feedback="Went well")
        self.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": "2026-02-20 08:00:00",
                "stop": "2026-02-20 09:00:00",
                "partner_ids": [Command.link(self.partner.id)],
                "user_id": self.salesperson.id,
                "privacy": "public",
            }
        )
        self.lead.action_set_won()
        self.lead.date_closed = "2026-02-25 10:00:00"
        events = self._events()
        told = [(event["label"], event["title"]) for event in events]
        self.assertEqual(
            set(told),
            {
                ("Opportunity", "A shop"),
                ("Won", "A shop"),
                ("Stage", "Prospect"),
                ("Message to the customer", "Welcome & thanks"),
                ("Message to the customer", "Offer"),
                ("Call", "Ask how it goes"),
                ("Meeting", "Visit"),
            },
        )
        moments = [event["moment"] for event in events]
        self.assertEqual(moments, sorted(moments, reverse=True))
        offer = next(event for event in events if event["title"] == "Offer")
        self.assertEqual(offer["detail"], "Here is our offer")
        call = next(event for event in events if event["label"] == "Call")
        self.assertEqual(call["detail"], "Went well")

    def test_a_row_leads_to_its_document(self):
        self._said(self.lead, "Hello", 1)
        opens = {(e["label"], e["res_model"], e["res_id"]) for e in self._events()}
        self.assertIn(("Message to the customer", "crm.lead", self.lead.id), opens)
        self.assertIn(("Opportunity", "crm.lead", self.lead.id), opens)
        move = self.ada.history_ids
        self.assertIn(("Stage", "crm.lifecycle.history", move.id), opens)

    def test_what_the_customer_wrote_is_told_apart(self):
        self._said(
            self.partner,
            "Where is it?",
            message_type="email",
            author_id=self.partner.id,
        )
        labels = [event["label"] for event in self._events(kinds=["contact"])]
        self.assertEqual(labels, ["Message from the customer"])

    def test_internal_notes_are_no_contact_with_the_customer(self):
        self._said(self.partner, "Careful", subtype_id=self.env.ref("mail.mt_note").id)
        self.assertFalse(self._events(kinds=["contact"]))

    def test_a_lead_tells_where_it_came_from_and_why_it_was_lost(self):
        source = self.env["utm.source"].create({"name": "Trade fair"})
        reason = self.env["crm.lost.reason"].create({"name": "Too far away"})
        self.lead.write({"type": "lead", "source_id": source.id})
        lost = self._lead(partner_id=self.partner.id, name="A barn")
        lost.action_set_lost(lost_reason_id=reason.id)
        told = {
            (event["kind"], event["label"], event["title"], event["detail"])
            for event in self._events(kinds=["marketing", "sale"])
        }
        self.assertEqual(
            told,
            {
                ("marketing", "Lead", "A shop", "Trade fair"),
                ("sale", "Opportunity", "A barn", None),
                ("sale", "Lost", "A barn", "Too far away"),
            },
        )

    def test_moves_are_told_with_their_reason(self):
        self.ada.with_context(lifecycle_reason="They called").stage_id = self.engaged
        newest = self._events(kinds=["stage"])[0]
        self.assertEqual(newest["title"], "Prospect → Engaged")
        self.assertEqual(newest["detail"], "They called")

    def test_only_the_newest_are_sent_and_it_is_said_that_there_are_more(self):
        for days in range(1, 30):
            self._said(self.partner, f"Day {days}", days)
        overview = self._overview()
        self.assertEqual(len(overview["events"]), 20)
        self.assertTrue(overview["more"])
        short = self._overview(short=True)
        self.assertEqual(len(short["events"]), 5)
        self.assertFalse(short["kinds"])
        contacts = self._events(kinds=["contact"], limit=3)
        self.assertEqual(
            [event["title"] for event in contacts], ["Day 1", "Day 2", "Day 3"]
        )

    def test_events_are_counted_over_two_years(self):
        """The boundary is the same time of day twelve months ago."""
        now = self.env.cr.now()
        for months, times in ((1, 3), (11, 1), (13, 2), (25, 1)):
            for _time in range(times):
                message = self._said(self.partner, "Hello")
                message.date = now - timedelta(days=round(months * 30.4))
        kinds = {kind["kind"]: kind for kind in self._overview()["kinds"]}
        self.assertEqual(
            (kinds["contact"]["count"], kinds["contact"]["previous"]), (4, 2)
        )

    def test_what_is_still_to_come_is_not_in_the_timeline(self):
        self.env["calendar.event"].create(
            {
                "name": "Next year",
                "start": self.env.cr.now() + timedelta(days=300),
                "stop": self.env.cr.now() + timedelta(days=301),
                "partner_ids": [Command.link(self.partner.id)],
                "user_id": self.salesperson.id,
            }
        )
        self.assertFalse(self._events(kinds=["contact"]))

    # ------------------------------------------------------------
    # Access
    # ------------------------------------------------------------

    def test_a_salesperson_sees_no_documents_of_colleagues(self):
        secret = self._lead(
            partner_id=self.partner.id, name="Secret", user_id=self.colleague.id
        )
        self._said(secret, "A secret word", 1)
        titles = [event["title"] for event in self._events()]
        self.assertIn("A shop", titles)
        self.assertNotIn("Secret", titles)
        self.assertNotIn("A secret word", titles)
        titles = [event["title"] for event in self._events(user=self.leader)]
        self.assertIn("Secret", titles)
        self.assertIn("A secret word", titles)

    def test_a_colleagues_private_meeting_stays_private(self):
        values = {
            "start": "2026-02-20 08:00:00",
            "stop": "2026-02-20 09:00:00",
            "partner_ids": [Command.set(self.partner.ids)],
            "user_id": self.colleague.id,
        }
        Event = self.env["calendar.event"]
        Event.create({**values, "name": "Open", "privacy": "public"})
        Event.create({**values, "name": "Private", "privacy": "private"})
        titles = [event["title"] for event in self._events()]
        self.assertIn("Open", titles)
        self.assertNotIn("Private", titles)

    def test_a_customer_of_a_colleague_has_no_overview(self):
        bob = self._customer("Bob", user_id=self.colleague.id)
        self.assertFalse(self._overview(bob.partner_id))
        with self.assertRaises(AccessError):
            self._overview(bob)
        with self.assertRaises(AccessError):
            self._events(bob)

    def test_documents_of_another_company_are_left_out(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.partner.company_id = False
        self._lead(partner_id=self.partner.id, name="Elsewhere", company_id=other.id)
        user = new_test_user(
            self.env,
            "both",
            groups="sales_team.group_sale_salesman_all_leads",
            company_id=self.company.id,
            company_ids=[Command.set((self.company | other).ids)],
        )
        profile = self.env[PROFILE].with_context(
            allowed_company_ids=(self.company | other).ids
        )
        answer = profile.with_user(user).get_timeline("res.partner", self.partner.id)
        titles = [event["title"] for event in answer["events"]]
        self.assertIn("A shop", titles)
        self.assertNotIn("Elsewhere", titles)

    def test_an_employee_without_sales_gets_nothing(self):
        clerk = new_test_user(
            self.env,
            "clerk",
            groups="base.group_user",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        with self.assertRaises(AccessError):
            self._overview(user=clerk)

    def test_a_model_without_customers_is_refused_in_words(self):
        with self.assertRaisesRegex(UserError, "res.country"):
            self._overview(self.env.ref("base.cn"))

    # ------------------------------------------------------------
    # Query counts
    # ------------------------------------------------------------

    def _count(self, call):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        call()
        return self.cr.sql_log_count - before

    def _get_specification(self, model, view_type="form"):
        """Return what the web client requests when it opens the view of a model."""
        view = self.env[model].with_user(self.leader).get_view(view_type=view_type)
        fields = self.env[model]._fields
        names = etree.fromstring(view["arch"]).xpath(
            "//field[not(ancestor::field)]/@name"
        )
        return {
            name: {"fields": {"display_name": {}}}
            if fields[name].type == "many2one"
            else {}
            for name in names
        }

    def _assert_costs_no_more_than(self, most, records, view_type="form"):
        specification = self._get_specification(records._name, view_type)
        without = {
            name: spec
            for name, spec in specification.items()
            if not name.startswith("lifecycle_")
        }
        self.assertLess(len(without), len(specification))
        records = records.with_user(self.leader)
        for spec in (specification, without):  # fills the caches of the registry
            records.web_read(spec)
        with_us = self._count(lambda: records.web_read(specification))
        without_us = self._count(lambda: records.web_read(without))
        self.assertLessEqual(with_us - without_us, most)

    def test_opening_a_contact_costs_at_most_three_queries_more(self):
        self._assert_costs_no_more_than(3, self.partner)

    def test_opening_a_lead_costs_at_most_three_queries_more(self):
        self._assert_costs_no_more_than(3, self.lead)

    def test_listing_80_contacts_costs_at_most_two_queries_more(self):
        partners = self.env["res.partner"].create(
            [{"name": f"P{n}", "company_id": self.company.id} for n in range(80)]
        )
        for partner in partners[:40]:
            self._lead(partner_id=partner.id)
        self._run()
        self._assert_costs_no_more_than(2, partners, "list")

    def test_the_overview_costs_the_same_however_much_there_is(self):
        def ask():
            self.env[PROFILE].with_user(self.salesperson).get_overview(
                "res.partner", self.partner.id
            )

        self._said(self.partner, "Hello", 1)
        ask()  # fills the caches of the registry
        few = self._count(ask)
        # This includes a query on cases of risk and one on warning tags, which affect
        # the health.
        self.assertLessEqual(few, 23)
        for days in range(60):
            self._said(self.partner, "Hello", days)
            self._lead(partner_id=self.partner.id, days_ago=days)
        self.assertEqual(self._count(ask), few)

    def test_days_of_months_stay_in_their_month(self):
        """A move has a day and no time: it sorts after the events of that day."""
        self._said(self.partner, "In the evening").date = "2026-03-05 22:00:00"
        self.ada._lifecycle_move(self.engaged, origin="manual", as_of=date(2026, 3, 5))
        labels = [event["label"] for event in self._events()][:2]
        self.assertEqual(labels, ["Stage", "Message to the customer"])
