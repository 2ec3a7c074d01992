"""Tests of the facts of any kind of ticket. Bridges add the kind."""

import random
from datetime import date, datetime, time, timedelta

from odoo.tools import SQL

from odoo.addons.crm_lifecycle.tests.common import TODAY

from .common import moment

FACTS = (
    "first_seen_date",
    "ticket_count",
    "ticket_open_count",
    "ticket_oldest_open_date",
    "ticket_last_date",
    "ticket_last_closed_date",
    "ticket_response_hours",
    "rating_last",
    "rating_last_date",
    "rating_avg",
)
# The expected facts, from a plain list of events, without tables of the addons.
EXPECTED = """
    WITH seen AS (
        SELECT *, (at AT TIME ZONE 'UTC' AT TIME ZONE tz)::date AS day
          FROM story
         WHERE (at AT TIME ZONE 'UTC' AT TIME ZONE tz)::date <= %(day)s
    ), ticket AS (
        SELECT customer, company, ticket,
               MIN(at) FILTER (WHERE what = 'made') AS made,
               MIN(day) FILTER (WHERE what = 'made') AS made_day,
               (ARRAY_AGG(what ORDER BY at DESC)
                   FILTER (WHERE what IN ('made', 'close', 'open')))[1] AS state,
               MAX(day) FILTER (WHERE what IN ('made', 'close', 'open')) AS state_day,
               MIN(at) FILTER (WHERE what = 'answer') AS answered
          FROM seen
         GROUP BY customer, company, ticket
    ), rating AS (
        SELECT customer, company,
               (ARRAY_AGG(stars ORDER BY at DESC))[1] AS rating_last,
               MAX(day) AS rating_last_date, ROUND(AVG(stars), 2) AS rating_avg
          FROM seen
         WHERE what = 'rate' AND stars > 0
         GROUP BY customer, company
    )
    SELECT customer, company,
           MIN(made_day) AS first_seen_date,
           COUNT(*) AS ticket_count,
           COUNT(*) FILTER (WHERE state <> 'close') AS ticket_open_count,
           MIN(state_day) FILTER (WHERE state <> 'close') AS ticket_oldest_open_date,
           MAX(made_day) AS ticket_last_date,
           MAX(state_day) FILTER (WHERE state = 'close') AS ticket_last_closed_date,
           ROUND(AVG(EXTRACT(EPOCH FROM answered - made) / 3600), 2)
               AS ticket_response_hours,
           MIN(rating_last) AS rating_last,
           MIN(rating_last_date) AS rating_last_date,
           MIN(rating_avg) AS rating_avg
      FROM ticket LEFT JOIN rating USING (customer, company)
     GROUP BY customer, company
"""


class TicketFacts:
    """Mixin for a `TicketCase` of a kind."""

    def _facts(self, partner, company=None):
        self.env.flush_all()
        self.env.cr.execute(
            f"SELECT {', '.join(FACTS)} FROM crm_lifecycle_profile "
            "WHERE partner_id = %s AND company_id = %s",
            [partner.id, (company or self.company).id],
        )
        return self.env.cr.dictfetchone()

    def _check(self, partner, **expected):
        found = self._facts(partner)
        self.assertEqual({name: found[name] for name in expected}, expected)

    # ------------------------------------------------------------
    # One ticket
    # ------------------------------------------------------------

    def test_who_has_a_ticket_is_a_customer(self):
        partner = self._partner()
        self._ticket(partner, 3)
        self._run()
        day = TODAY - timedelta(days=3)
        self._check(
            partner,
            first_seen_date=day,
            ticket_count=1,
            ticket_open_count=1,
            ticket_oldest_open_date=day,
            ticket_last_date=day,
            ticket_last_closed_date=None,
            ticket_response_hours=None,
            rating_last=None,
            rating_avg=None,
        )

    def test_a_ticket_is_open_on_each_day_until_it_was_closed(self):
        partner = self._partner()
        ticket = self._ticket(partner, 20)
        self._do(ticket, self._close, 10)
        self._do(ticket, self._reopen, 8)
        self._do(ticket, self._close, 5)
        opened, reopened = (TODAY - timedelta(days=n) for n in (20, 8))
        for days_ago, since in [
            (21, None),
            (20, opened),
            (11, opened),
            (10, None),
            (9, None),
            (8, reopened),
            (6, reopened),
            (5, None),
            (0, None),
        ]:
            self._run(TODAY - timedelta(days=days_ago))
            facts = self._facts(partner)
            self.assertEqual(
                facts and facts["ticket_oldest_open_date"], since, days_ago
            )
        self._check(partner, ticket_last_closed_date=TODAY - timedelta(days=5))

    def test_the_day_is_that_of_the_company(self):
        self.company.lifecycle_tz = "Asia/Shanghai"
        partner = self._partner()
        self._ticket(partner, 1, at=time(16, 30))  # half past midnight there
        self._run(TODAY - timedelta(days=1))
        self.assertFalse(self._facts(partner))
        self._run()
        self._check(partner, ticket_last_date=TODAY)

    def test_what_was_closed_before_installation_is_of_the_day_the_app_tells(self):
        partner = self._partner()
        ticket = self._ticket(partner, 9)
        self._close(ticket)
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM crm_lifecycle_ticket_log")
        self._set_closed_at(ticket, moment(4))
        kind = self.env["crm.lifecycle.source.ticket"]._get_ticket_kind(self.model)
        for _twice in range(2):
            self.env["crm.lifecycle.ticket.log"]._log_changes(kind)
        log = self.env["crm.lifecycle.ticket.log"].search([("res_id", "=", ticket.id)])
        self.assertEqual(log.mapped("is_open"), [False])
        self.assertEqual(log.date, moment(4))

    def test_an_archived_ticket_has_happened_and_is_open_no_more(self):
        partner = self._partner()
        self._do(self._ticket(partner, 9), self._put_away, 4)
        self._run()
        self._check(
            partner,
            ticket_count=1,
            ticket_open_count=0,
            ticket_last_closed_date=TODAY - timedelta(days=4),
        )

    # ------------------------------------------------------------
    # Answers and ratings
    # ------------------------------------------------------------

    def test_the_first_answer_is_of_staff_and_no_note(self):
        partner = self._partner()
        ticket = self._ticket(partner, 5, at=time(8))
        note = self.env.ref("mail.mt_note").id
        self._answer(ticket, 5, time(9), subtype_id=note, is_internal=True)
        self._answer(ticket, 5, time(10), author=partner)
        self._answer(ticket, 5, time(11, 30))
        self._answer(ticket, 5, time(12))
        self._answer(self._ticket(partner, 4, at=time(8)), 4, time(8, 30))
        self._ticket(partner, 3)  # not answered
        self._run()
        self._check(partner, ticket_response_hours=2.0)

    def _staff_ticket(self, partner, days_ago, at):
        """Create a ticket that a salesperson opens for the customer."""
        ticket = self._ticket(partner, days_ago, at)
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET create_uid = %s WHERE id = %s",
                SQL.identifier(ticket._table),
                self.salesperson.id,
                ticket.id,
            )
        )
        ticket.invalidate_recordset()
        return ticket

    def test_the_first_message_of_staff_was_an_answer_after_0_hours(self):
        partner = self._partner()
        ticket = self._staff_ticket(partner, 5, time(8))
        staff = self.salesperson.partner_id
        self._answer(ticket, 5, time(8), author=staff)
        self._answer(ticket, 5, time(9), author=staff)
        self._run(TODAY - timedelta(days=4))
        self._check(partner, ticket_count=1, ticket_response_hours=None)
        # The customer asks two days later, and waits for an hour and a half.
        self._answer(ticket, 3, time(10), author=partner)
        self._run(TODAY - timedelta(days=3))
        self._check(partner, ticket_response_hours=None)
        self._answer(ticket, 2, time(10), author=partner)
        self._answer(ticket, 3, time(11, 30), author=staff)
        self._answer(ticket, 2, time(12), author=staff)
        self._run(TODAY - timedelta(days=2))
        self._check(partner, ticket_response_hours=1.5)
        run = self._run(TODAY - timedelta(days=2), full=True)
        self.assertEqual(run.refreshed_count, 0)

    def test_a_message_of_the_moment_of_the_ticket_was_an_answer(self):
        """An automation opens the ticket and writes to the customer."""
        partner = self._partner()
        ticket = self._ticket(partner, 5, at=time(8))
        self._answer(ticket, 5, time(8))
        self._run()
        self._check(partner, ticket_response_hours=None)
        self._answer(ticket, 5, time(10))
        self._run()
        self._check(partner, ticket_response_hours=2)

    def test_a_question_that_arrives_late_is_the_first(self):
        """Its mail server was slow: the mail is fetched after the answer to another."""
        partner = self._partner()
        ticket = self._staff_ticket(partner, 5, time(8))
        self._answer(ticket, 5, time(10), author=partner)
        self._answer(ticket, 5, time(11))
        self._run()
        self._check(partner, ticket_response_hours=1)
        self._let_time_pass()
        self._answer(ticket, 5, time(9), author=partner)
        self._run()
        self._check(partner, ticket_response_hours=2)

    def test_a_rating_counts_once_it_is_given_and_not_before(self):
        partner = self._partner()
        ticket = self._ticket(partner, 9)
        self._rate(ticket, 5, 6)
        self._rate(ticket, 2, 3)
        self._rate(ticket, 0, 1)
        self._rate(ticket, 4, 1, consumed=False)
        self._run(TODAY - timedelta(days=7))
        self._check(partner, rating_last=None, rating_last_date=None)
        self._run(TODAY - timedelta(days=6))
        self._check(partner, rating_last=5, rating_avg=5)
        self._run()
        self._check(
            partner,
            rating_last=2,
            rating_avg=3.5,
            rating_last_date=TODAY - timedelta(days=3),
        )

    def test_a_rating_counts_for_the_customer_of_its_ticket(self):
        firm = self._partner("Firm", is_company=True)
        contact = self._partner("Child", parent_id=firm.id)
        someone = self._partner("Someone else")
        ticket = self._ticket(contact, 2)
        self._rate(ticket, 1, partner_id=someone.id)
        self._run()
        self._check(firm, rating_last=1, ticket_count=1)
        self.assertFalse(self._facts(someone))

    def test_a_rating_taken_back_or_deleted_is_forgotten(self):
        partner = self._partner()
        ticket = self._ticket(partner, 2)
        first, second = self._rate(ticket, 5, 1), self._rate(ticket, 1)
        self._run()
        self._check(partner, rating_last=1, rating_avg=3)
        second.write({"rating": 0, "consumed": False})
        self._run(quick=True)
        self._check(partner, rating_last=5, rating_avg=5)
        first.unlink()
        self._run(quick=True)
        self._check(partner, rating_last=None, rating_avg=None)

    # ------------------------------------------------------------
    # Changes that leave no row to find
    # ------------------------------------------------------------

    def test_a_ticket_given_to_another_customer_leaves_the_first(self):
        ada, bob = self._partner("Ada"), self._partner("Bob")
        ticket = self._ticket(ada, 2)
        self._run()
        ticket.partner_id = bob
        self._run(quick=True)
        self._check(ada, ticket_count=0)
        self._check(bob, ticket_count=1)
        ticket.unlink()
        self._run(quick=True)
        self._check(bob, ticket_count=0)
        self.assertFalse(
            self.env["crm.lifecycle.ticket.log"].search(
                [("res_model", "=", self.model), ("res_id", "=", ticket.id)]
            )
        )

    def test_a_new_ticket_and_a_rating_wake_the_scheduled_job(self):
        job = self.env.ref("crm_lifecycle.ir_cron_run")
        Trigger = self.env["ir.cron.trigger"].sudo()
        triggers = [("cron_id", "=", job.id)]
        partner = self._partner()
        ticket = self._ticket(partner)
        for number, work in enumerate(
            (
                lambda: self._make(partner, self.company),
                lambda: self._rate(ticket, 1),
                lambda: self._close(ticket),
                lambda: self._reopen(ticket),
            )
        ):
            self.env.cr.flush()
            self.env.cr.precommit.clear()  # reset to the start of a transaction
            before = Trigger.search_count(triggers)
            work()
            self.assertEqual(Trigger.search_count(triggers), before + 1, number)

    def test_a_night_without_changes_finds_nobody(self):
        partner = self._partner()
        ticket = self._ticket(partner, 20)
        self._do(ticket, self._close, 10)
        self._rate(ticket, 3, 9)
        self._answer(ticket, 15)
        self._run()
        self._let_time_pass()
        run = self._run(TODAY + timedelta(days=1))
        self.assertEqual((run.profile_count, run.refreshed_count), (0, 0))

    # ------------------------------------------------------------
    # A year
    # ------------------------------------------------------------

    def test_a_year_of_tickets_is_counted_as_plain_sql_counts_it(self):
        """Two companies, as of three days, with incremental runs after the first."""
        self.east = self._second_company()
        self._tell_story()
        for day in (TODAY - timedelta(days=200), TODAY - timedelta(days=77), TODAY):
            for company in (self.company, self.east):
                self.env["crm.lifecycle"]._run(company, day)
            self._let_time_pass()
            self._compare(day)
        for company in (self.company, self.east):
            run = self.env["crm.lifecycle"]._run(company, TODAY, full=True)
            self.assertEqual(run.refreshed_count, 0)
        self._compare(TODAY)

    def _let_time_pass(self):
        """Backdate all rows, because the test is one transaction."""
        self.env.flush_all()
        for table in (
            self.env[self.model]._table,
            "mail_message",
            "rating_rating",
            "res_partner",
        ):
            self.env.cr.execute(
                SQL("UPDATE %s SET write_date = '2020-01-01'", SQL.identifier(table))
            )
        self.env.invalidate_all()

    def _compare(self, day):
        self.env.flush_all()
        self.env.cr.execute(EXPECTED, {"day": day})
        expected = {
            (row.pop("customer"), row.pop("company")): self._plain(row)
            for row in self.env.cr.dictfetchall()
        }
        rows = self.env.execute_query_dict(
            SQL(
                "SELECT partner_id, company_id, %s FROM crm_lifecycle_profile "
                "WHERE company_id = ANY(%s) "
                "AND partner_id IN (SELECT customer FROM story)",
                SQL(", ").join(map(SQL.identifier, FACTS)),
                [self.company.id, self.east.id],
            )
        )
        found = {
            (row.pop("partner_id"), row.pop("company_id")): self._plain(row)
            for row in rows
        }
        self.assertGreater(len(expected), 4)
        self.assertEqual(found, expected)

    @staticmethod
    def _plain(row):
        return {
            name: value if value is None or isinstance(value, date) else float(value)
            for name, value in row.items()
        }

    def _tell_story(self):
        """Create a year of tickets, and log the events in a plain table."""
        dice = random.Random(6)
        firm = self._partner("Firm", is_company=True, company_id=False)
        child = self._partner("Child", parent_id=firm.id, company_id=False)
        person = self._partner("Person", company_id=False)
        twin = self._partner("Person again", company_id=False)
        gone = self._partner("Gone", company_id=False)
        story = []
        for number in range(90):
            contact = dice.choice([firm, child, person, twin, gone])
            company = dice.choice([self.company, self.east])
            story += self._tell_ticket(dice, number, contact, company)
        gone.action_archive()
        self._merge(person | twin, person)
        owner = {child.id: firm.id, twin.id: person.id}
        self.env.cr.execute(
            "CREATE TEMPORARY TABLE story (ticket int, customer int, company int, "
            "tz text, what text, at timestamp, stars numeric) ON COMMIT DROP"
        )
        for ticket, contact, company, what, at, stars in story:
            self.env.cr.execute(
                "INSERT INTO story VALUES (%s, %s, %s, %s, %s, %s, %s)",
                [
                    ticket,
                    owner.get(contact, contact),
                    company.id,
                    company.lifecycle_tz,
                    what,
                    at,
                    stars,
                ],
            )

    def _tell_ticket(self, dice, number, contact, company):
        """Create a ticket with its events. Return the events as rows."""
        age = dice.randint(0, 365)
        ticket = self._ticket(contact, age, self._time(dice, number), company)
        rows = [("made", ticket.create_date, None)]
        days = sorted({dice.randint(0, age) for _event in range(dice.randint(0, 6))})
        is_open = True
        for step, days_ago in enumerate(reversed(days)):
            at = self._time(dice, number, step + 1)
            when = datetime.combine(TODAY - timedelta(days=days_ago), at)
            if when <= ticket.create_date:
                continue
            what = dice.choice(["state", "state", "rate", "answer", "unrated"])
            if what == "state" and is_open and number % 9 == 0:
                self._do(ticket, self._put_away, days_ago, at)
                rows.append(("close", when, None))
                break
            if what == "state":
                self._do(ticket, self._close if is_open else self._reopen, days_ago, at)
                rows.append(("close" if is_open else "open", when, None))
                is_open = not is_open
            elif what == "answer":
                self._answer(ticket, days_ago, at)
                rows.append((what, when, None))
            else:
                stars = dice.randint(1, 5) if what == "rate" else 0
                self._rate(ticket, stars, days_ago, at, consumed=bool(stars))
                rows.append(("rate", when, stars))
        return [
            (ticket.id, contact.id, company, what, at, stars)
            for what, at, stars in rows
        ]

    @staticmethod
    def _time(dice, number, step=0):
        """Return a time of day that no other event has."""
        return time(dice.randint(0, 23), number % 60, (number // 60) * 30 + step)

    @classmethod
    def _put_away(cls, ticket):
        ticket.action_archive()
