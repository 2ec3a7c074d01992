"""Owners change in every way; incremental runs end where a full rebuild ends.

Contacts join and leave companies, change their kind or their company, are merged,
split, archived, restored and deleted. Leads, tasks, tickets and other documents are
given to other contacts, companies, projects, teams and users. All of it in any order,
in two companies and a branch, between runs and in the middle of one. In the end each
document belongs to exactly one customer per company, a full rebuild changes nothing,
and profiles that are built from scratch are the same.
"""

from datetime import timedelta
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.crm_lifecycle.run import phases

from .owners import FACTS_ALONE, KINDS, TODAY, OwnersCase
from .thorough import THOROUGH, rounds

OPERATIONS = (
    "make",
    "make",
    "make",
    "make_without_contact",
    "join",
    "leave",
    "switch_kind",
    "set_company",
    "archive",
    "restore",
    "delete",
    "merge",
    "split",
    "give",
    "give",
    "give_to_company",
    "give_to_team",
    "give_to_user",
    "take_contact",
    "archive_lead",
    "merge_leads",
    "move_user",
    "move_team",
    "move_project",
    "move_task",
    "move_message",
    "move_program",
)
# When an operation happens, and what runs after it.
MOMENTS = ("alone", "alone", "quick", "night", "collected", "refreshed")

steps = st.lists(
    st.tuples(
        st.sampled_from(OPERATIONS),
        st.integers(0, 99),  # which contact or document
        st.integers(0, 99),  # which other one
        st.integers(0, 2),  # which company
        st.sampled_from(MOMENTS),
    ),
    min_size=8,
    max_size=rounds(12, 30),
)


@tagged("post_install", "-at_install")
class TestOwnersYear(OwnersCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.both = cls._user("both", cls.east | cls.west | cls.shop)

    @settings(
        max_examples=rounds(3, 300),
        deadline=None,
        derandomize=not THOROUGH,
        suppress_health_check=list(HealthCheck),
        # Shrinking a failure takes longer than looking at it.
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(steps)
    def test_owners_after_a_year_are_those_of_a_full_rebuild(self, year):
        with self.env.cr.savepoint() as savepoint:
            self._live(year)
            savepoint.rollback()
        self.env.invalidate_all()

    def _live(self, year):
        self.day = TODAY
        self.contacts = self.env["res.partner"].create(
            [{"name": f"Contact {n}", "is_company": n % 3 == 0} for n in range(6)]
        )
        self.documents = {kind: [] for kind in KINDS}
        for number in range(len(KINDS)):
            self._do_make(number, number, self.companies[number % 3])
        self._run_all(self.day)
        for operation, which, other, number, moment in year:
            company = self.companies[number]

            def do(operation=operation, which=which, other=other, company=company):
                self._try(getattr(self, f"_do_{operation}"), which, other, company)

            self._do_at(moment, do, company)
        self.day += timedelta(days=1)
        self._run_all(self.day)
        self._check_owners()
        self.assertEqual(
            self._run_all(self.day, full=True)[0], 0, "a full rebuild changed facts"
        )
        self._assert_as_rebuilt(self.day)
        self._check_owners()

    def _do_at(self, moment, do, company):
        """Do something before a run, between its phases, or without any."""
        if moment == "alone":
            return do()
        if moment in ("quick", "night"):
            do()
            if moment == "night":
                self.day += timedelta(days=1)
            companies = company if moment == "quick" else self.companies
            return self._run_all(self.day, companies, quick=moment == "quick")
        name = {"collected": "refresh_facts", "refreshed": "move_customers"}[moment]
        phase = getattr(phases, name)

        def interrupt(session, *args, **kwargs):
            if session.company == company:
                do()
                self.env.flush_all()
            return phase(session, *args, **kwargs)

        self.day += timedelta(days=1)
        with patch.object(phases, name, interrupt):
            self._run_all(self.day, companies=company)

    def _try(self, operation, *args):
        """Do what Odoo allows."""
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                operation(*args)
                self.env.flush_all()
        except (UserError, IntegrityError):
            self.env.invalidate_all()
        self.contacts = self.contacts.exists()

    # ------------------------------------------------------------
    # Invariants
    # ------------------------------------------------------------

    def _check_owners(self):
        """Check that each document belongs to exactly one customer per company."""
        for kind, fact in (
            ("lead", "open_lead_count"),
            ("quotation", "quotation_count"),
            ("invoice", "invoice_count"),
            ("ticket", "ticket_count"),
        ):
            owners = [owner for owner in map(self._get_owner, self._get(kind)) if owner]
            if kind == "ticket":
                owners += [
                    owner for owner in map(self._get_owner, self._get("task")) if owner
                ]
            expected = {
                owner: owners.count(owner)
                for owner in owners
                if owner[0] in self.companies
            }
            Profile = self.env["crm.lifecycle.profile"].with_context(active_test=False)
            found = {
                (profile.company_id, profile.partner_id or profile.lead_id): value
                for profile in Profile.search(
                    [("company_id", "in", self.companies.ids)]
                )
                if (value := profile[fact])
            }
            self.assertEqual(found, expected, kind)

    def _get(self, kind):
        """Return the documents of a kind that exist and count."""
        documents = [document for document in self.documents[kind] if document.exists()]
        if kind == "lead":
            # A lead that is lost after the day is still open on that day.
            documents = [
                lead
                for lead in documents
                if lead.active or lead.won_status != "pending"
            ]
        if kind == "task":
            documents = [
                task
                for task in documents
                if task.project_id.lifecycle_is_service_desk and not task.parent_id
            ]
        return documents

    def _get_owner(self, document):
        """Return the company and the customer of a document, as the ORM sees them."""
        contact = document.partner_id
        company = document.company_id
        if document._name == "account.move":
            return company, document.commercial_partner_id
        if document._name == "crm.lead":
            company = company or document.user_id.company_id
        first = self.env["res.company"].search([], order="id", limit=1)
        company = company or contact.company_id or first
        customer = contact.commercial_partner_id
        if document._name == "crm.lead":
            customer = customer or document
        return customer and (company, customer)

    # ------------------------------------------------------------
    # Operations
    # ------------------------------------------------------------

    def _pick(self, kind, which):
        documents = [document for document in self.documents[kind] if document.exists()]
        return documents and documents[which % len(documents)]

    def _pick_any(self, which, kinds=KINDS):
        return self._pick(kinds[which % len(kinds)], which // len(kinds))

    def _pick_contact(self, which):
        return self.contacts[which % len(self.contacts)]

    def _do_make(self, which, other, company):
        kind = KINDS[which % len(KINDS)]
        contact = self._pick_contact(other)
        if kind == "invoice" and company == self.shop:
            company = self.east
        if kind in FACTS_ALONE:
            self.documents["lead"].append(self._make("lead", contact, company))
        self.documents[kind].append(self._make(kind, contact, company))

    def _do_make_without_contact(self, which, other, company):
        vals = {}
        if other % 2:
            vals = {"team_id": False, "user_id": self.both.id, "company_id": False}
        lead = self._make("lead", self.env["res.partner"], company, **vals)
        self.documents["lead"].append(lead)

    def _do_join(self, which, other, company):
        self._pick_contact(which).parent_id = self._pick_contact(other)

    def _do_leave(self, which, other, company):
        self._pick_contact(which).parent_id = False

    def _do_switch_kind(self, which, other, company):
        contact = self._pick_contact(which)
        contact.is_company = not contact.is_company

    def _do_set_company(self, which, other, company):
        contact = self._pick_contact(which)
        contact.company_id = company if other % 3 else False

    def _do_archive(self, which, other, company):
        self._pick_contact(which).action_archive()

    def _do_restore(self, which, other, company):
        self.contacts.action_unarchive()

    def _do_delete(self, which, other, company):
        if len(self.contacts) > 3:
            self._pick_contact(which).unlink()

    def _do_merge(self, which, other, company):
        pair = self._pick_contact(which) | self._pick_contact(other)
        if len(pair) == 2 and len(self.contacts) > 3:
            wizard = self.env["base.partner.merge.automatic.wizard"].create({})
            wizard._merge(pair.ids, pair[0])
            self.env.invalidate_all()

    def _do_split(self, which, other, company):
        """A department becomes a company of its own, with a contact below it."""
        contact = self._pick_contact(which)
        contact.write({"parent_id": False, "is_company": True})
        self._pick_contact(other).parent_id = contact

    def _do_give(self, which, other, company):
        document = self._pick_any(which)
        if document:
            name = "res_id" if document._name == "mail.message" else "partner_id"
            document.write({name: self._pick_contact(other).id})

    def _do_give_to_company(self, which, other, company):
        kind = ("lead", "ticket", "purchase", "answer")[which % 4]
        document = self._pick(kind, other)
        if document:
            vals = {"company_id": company.id}
            if kind == "answer":
                vals = {"lifecycle_company_id": company.id}
            elif kind == "lead":
                vals["team_id"] = False
            document.write(vals)

    def _do_give_to_team(self, which, other, company):
        lead = self._pick("lead", which)
        if lead:
            lead.team_id = self.teams[company] if other % 3 else False

    def _do_give_to_user(self, which, other, company):
        lead = self._pick("lead", which)
        if lead:
            user = (self.users[company], self.both, self.env["res.users"])[other % 3]
            lead.write({"user_id": user.id, "team_id": False})

    def _do_take_contact(self, which, other, company):
        document = self._pick_any(which, ("lead", "task", "ticket"))
        if document:
            document.partner_id = False

    def _do_archive_lead(self, which, other, company):
        lead = self._pick("lead", which)
        if lead:
            lead.action_unarchive() if not lead.active else lead.action_archive()

    def _do_merge_leads(self, which, other, company):
        leads = self._pick("lead", which)
        if leads:
            leads |= self._pick("lead", other)
            if len(leads) == 2:
                leads.merge_opportunity()

    def _do_move_user(self, which, other, company):
        self.both.company_id = company

    def _do_move_team(self, which, other, company):
        self.teams[self.companies[which % 3]].company_id = company

    def _do_move_project(self, which, other, company):
        self.projects[self.companies[which % 3]].company_id = company

    def _do_move_task(self, which, other, company):
        task = self._pick("task", which)
        if task:
            task.project_id = self.projects[company]

    def _do_move_message(self, which, other, company):
        """Messages are moved to another document of any kind."""
        message = self._pick("message", which)
        document = self._pick_any(other, ("lead", "quotation", "task", "ticket"))
        if message and document:
            message.write({"model": document._name, "res_id": document.id})

    def _do_move_program(self, which, other, company):
        self.programs[self.companies[which % 3]].company_id = company
