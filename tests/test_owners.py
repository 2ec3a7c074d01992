"""A document belongs to its present customer, whatever has changed.

Each test changes the owner of a document in another way, for every kind of document
that can have it. A quick run over the work list then finds the old and the new
customer, and profiles that are built from scratch are the same.
"""

from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from .owners import FACTS, FACTS_ALONE, KINDS, TODAY, OwnersCase

# Odoo leaves an invoice with the customer who owes it.
MOVING = tuple(kind for kind in KINDS if kind != "invoice")


@tagged("post_install", "-at_install")
class TestOwners(OwnersCase):
    # ------------------------------------------------------------
    # Helpers
    # ------------------------------------------------------------

    def _with_documents(self, kinds, make):
        """Return ``{kind: (document, *contacts)}`` after a run.

        :param make: returns contacts, those of the documents first
        """
        made = {}
        for kind in kinds:
            contacts = make(kind)
            if kind in FACTS_ALONE:
                self._make("lead", contacts[0], self.east)
            made[kind] = (self._make(kind, contacts[0], self.east), *contacts)
        self._run_all()
        return made

    def _employee(self, kind):
        """Return a contact, their company, and another company."""
        acme, beta = (
            self._contact(f"{name} of {kind}", is_company=True)
            for name in ("Acme", "Beta")
        )
        return self._contact(f"Ann of {kind}", parent_id=acme.id), acme, beta

    def _strangers(self, kind):
        return self._contact(f"Ann of {kind}"), self._contact(f"Bob of {kind}")

    def _plan_call(self, document):
        """Return a new activity on a document."""
        activity = document.activity_schedule(
            "mail.mail_activity_data_call", user_id=self.env.uid
        )
        self._backdate(activity)
        return activity

    def _run_quick(self, **kwargs):
        """Run what is on the work list, and nothing else."""
        self._run_all(quick=True, **kwargs)

    def _has(self, kind, subject, company=None):
        """Return whether a customer has a document of a kind."""
        profile = self._profile(company or self.east, subject)
        if kind == "card" and profile:
            # Odoo shows an empty number as 0.
            self.env.cr.execute(
                "SELECT loyalty_points IS NOT NULL FROM crm_lifecycle_profile "
                "WHERE id = %s",
                profile.ids,
            )
            return self.env.cr.fetchone()[0]
        return bool(profile and profile[FACTS[kind]])

    def _assert_moved(self, kind, source, target, company=None, new_company=None):
        company = company or self.east
        self.assertTrue(
            self._has(kind, target, new_company or company),
            f"{kind} is lost to {target.display_name}",
        )
        if new_company and kind in FACTS_ALONE:
            return self.assertFalse(self._has(kind, source, company), kind)
        self.assertFalse(
            self._profile(company, source),
            f"{source.display_name} still has the {kind}",
        )

    # ------------------------------------------------------------
    # Contacts: parent, kind, company
    # ------------------------------------------------------------

    def test_a_contact_joins_a_company_without_a_profile(self):
        def make(kind):
            acme = self._contact(f"Acme of {kind}", is_company=True)
            return self._contact(f"Ann of {kind}"), acme

        made = self._with_documents(KINDS, make)
        for _document, ann, acme in made.values():
            ann.parent_id = acme
        self._run_quick()
        for kind, (_document, ann, acme) in made.items():
            self._assert_moved(kind, ann, acme)
        self._assert_as_rebuilt()

    def test_a_contact_changes_employer(self):
        """The old company has a profile, and the new one has none."""
        made = self._with_documents(MOVING, self._employee)
        for _document, ann, _acme, beta in made.values():
            ann.parent_id = beta
        self._run_quick()
        for kind, (_document, _ann, acme, beta) in made.items():
            self._assert_moved(kind, acme, beta)
        self._assert_as_rebuilt()

    def test_a_contact_leaves_a_company(self):
        made = self._with_documents(MOVING, self._employee)
        for _document, ann, _acme, _beta in made.values():
            ann.parent_id = False
        self._run_quick()
        for kind, (_document, ann, acme, _beta) in made.items():
            self._assert_moved(kind, acme, ann)
        self._assert_as_rebuilt()

    def test_an_invoice_stays_with_the_customer_who_owes_it(self):
        """Odoo leaves its entries with the company, and all facts count it there."""
        made = self._with_documents(["invoice"], self._employee)
        _invoice, ann, acme, _beta = made["invoice"]
        ann.parent_id = False
        self._run_quick()
        self.assertFalse(self._profile(self.east, ann))
        profile = self._profile(self.east, acme)
        self.assertEqual(
            (profile.invoice_count, profile.order_count, profile.balance_due),
            (1, 1, 100),
        )
        self._assert_as_rebuilt()

    def test_a_contact_becomes_a_company_of_its_own(self):
        made = self._with_documents(MOVING, self._employee)
        for _document, ann, _acme, _beta in made.values():
            ann.is_company = True
        self._run_quick()
        for kind, (_document, ann, acme, _beta) in made.items():
            self._assert_moved(kind, acme, ann)
            ann.is_company = False
        self._run_quick()
        for kind, (_document, ann, acme, _beta) in made.items():
            self._assert_moved(kind, ann, acme)
        self._assert_as_rebuilt()

    def test_contacts_below_a_contact_follow_it(self):
        """Odoo computes their customer; only the parent was written."""

        def make(kind):
            desk = self._contact(f"Desk of {kind}")
            ann = self._contact(f"Ann of {kind}", parent_id=desk.id)
            return ann, desk, self._contact(f"Acme of {kind}", is_company=True)

        made = self._with_documents(MOVING, make)
        for _document, _ann, desk, acme in made.values():
            desk.parent_id = acme
        self._run_quick()
        for kind, (_document, _ann, desk, acme) in made.items():
            self._assert_moved(kind, desk, acme)
        self._assert_as_rebuilt()

    def test_a_contact_gets_a_company(self):
        """Documents without a company count in that of the contact."""
        first = self.env["res.company"].search([], order="id", limit=1)
        desk = self.projects[self.east].copy({"company_id": False})
        ann, bob = self._contact("Ann"), self._contact("Bob")
        lead = self._make("lead", ann, self.east, team_id=False, company_id=False)
        task = self._make("task", bob, self.east, project_id=desk.id)
        self.assertFalse(lead.company_id | task.company_id)
        everywhere = first | self.companies
        self._run_all(companies=everywhere)
        for company in (self.west, self.east):
            (ann | bob).company_id = company
            self._run_quick(companies=everywhere)
            self.assertTrue(self._has("lead", ann, company))
            self.assertTrue(self._has("task", bob, company))
            for other in everywhere - company:
                self.assertFalse(self._profile(other, ann))
                self.assertFalse(self._profile(other, bob))

    def test_a_deleted_contact_leaves_its_leads(self):
        made = self._with_documents(["lead"], self._employee)
        lead, ann, acme, _beta = made["lead"]
        ann.unlink()
        self._run_quick()
        self._assert_moved("lead", acme, lead)
        self._assert_as_rebuilt()

    def test_an_archived_contact_comes_back(self):
        made = self._with_documents(KINDS, self._strangers)
        contacts = [ann for _document, ann, _bob in made.values()]
        contacts[0].union(*contacts).action_archive()
        self._run_quick()
        for ann in contacts:
            self.assertFalse(self._profile(self.east, ann))
        contacts[0].union(*contacts).action_unarchive()
        self._run_quick()
        for kind, (_document, ann, _bob) in made.items():
            self.assertTrue(self._has(kind, ann), kind)
        self._assert_as_rebuilt()

    def test_documents_of_merged_contacts_leave_their_companies(self):
        """Ann of Acme was Bob of Beta all the time."""

        def make(kind):
            ann, acme, beta = self._employee(kind)
            return ann, acme, beta, self._contact("Bob", parent_id=beta.id)

        made = self._with_documents(MOVING, make)
        for _document, ann, _acme, _beta, bob in made.values():
            wizard = self.env["base.partner.merge.automatic.wizard"].create({})
            wizard._merge((ann | bob).ids, bob)
        self._run_quick()
        for kind, (_document, _ann, acme, beta, _bob) in made.items():
            self._assert_moved(kind, acme, beta)
        self._assert_as_rebuilt()

    def test_contacts_below_a_merged_contact_follow_it(self):
        """Odoo moves them by SQL, and leaves their commercial partner as it was."""

        def make(kind):
            desk, acme, beta = self._employee(kind)
            other = self._contact("Other desk", parent_id=beta.id)
            ann = self._contact("Ann", parent_id=desk.id)
            return ann, acme, beta, desk, other

        made = self._with_documents(["order", "task"], make)
        for _document, ann, _acme, beta, desk, other in made.values():
            wizard = self.env["base.partner.merge.automatic.wizard"].create({})
            wizard._merge((desk | other).ids, other)
            self.assertEqual(ann.commercial_partner_id, beta)
        self._run_quick()
        for kind, (_document, _ann, acme, beta, _desk, _other) in made.items():
            self._assert_moved(kind, acme, beta)
        self._assert_as_rebuilt()

    # ------------------------------------------------------------
    # Documents: contact and company
    # ------------------------------------------------------------

    def test_a_document_is_given_to_another_contact(self):
        kinds = [kind for kind in MOVING if kind != "order"]
        made = self._with_documents(kinds, self._strangers)
        for kind, (_document, _ann, bob) in made.items():
            if kind in FACTS_ALONE:
                self._make("lead", bob, self.east)
        self._run_all()
        for kind, (document, _ann, bob) in made.items():
            document.write({"res_id" if kind == "message" else "partner_id": bob.id})
        self._run_quick()
        for kind, (_document, ann, bob) in made.items():
            self.assertTrue(self._has(kind, bob), kind)
            self.assertFalse(self._has(kind, ann), kind)
        self._assert_as_rebuilt()

    def test_the_messages_of_a_document_go_with_it(self):
        """Messages and activities are not written when their document moves."""
        made = self._with_documents(
            ["lead", "quotation", "task", "ticket"], self._strangers
        )
        for document, ann, bob in made.values():
            self._make(
                "message", ann, self.east, model=document._name, res_id=document.id
            )
            self._plan_call(document)
            for contact in (ann, bob):
                self._make("quotation", contact, self.east)
        self._run_all()
        for document, _ann, bob in made.values():
            document.partner_id = bob
        self._run_quick()
        for kind, (_document, ann, bob) in made.items():
            for name in ("last_inbound_date", "next_activity_date"):
                self.assertTrue(self._profile(self.east, bob)[name], (kind, name))
                self.assertFalse(self._profile(self.east, ann)[name], (kind, name))
        self._assert_as_rebuilt()

    def test_an_activity_moves_to_another_document(self):
        ann, bob = self._strangers("activity")
        quotations = [self._make("quotation", one, self.east) for one in (ann, bob)]
        activity = self._plan_call(quotations[0])
        self._run_all()
        activity.res_id = quotations[1].id
        self._run_all()
        self.assertFalse(self._profile(self.east, ann).next_activity_date)
        self.assertTrue(self._profile(self.east, bob).next_activity_date)
        self._assert_as_rebuilt()

    def test_a_document_is_given_to_another_company(self):
        kinds = ("lead", "purchase", "ticket", "answer", "card")
        made = self._with_documents(kinds, self._strangers)
        for kind, (document, ann, _bob) in made.items():
            if kind in FACTS_ALONE:
                self._make("lead", ann, self.west)
            vals = {"company_id": self.west.id}
            if kind == "answer":
                vals = {"lifecycle_company_id": self.west.id}
            elif kind == "card":
                vals = {"program_id": self.programs[self.west].id}
            elif kind == "lead":
                vals["team_id"] = False
            document.write(vals)
        self._run_quick()
        for kind, (_document, ann, _bob) in made.items():
            self._assert_moved(kind, ann, ann, new_company=self.west)
        self._assert_as_rebuilt()

    def test_a_lead_without_a_contact_goes_to_another_company(self):
        lead = self._make("lead", self.env["res.partner"], self.east)
        self._run_all()
        for old, new in ((self.east, self.west), (self.west, self.east)):
            lead.write({"company_id": new.id, "team_id": False})
            self._run_quick()
            self._assert_moved("lead", lead, lead, old, new)
        self._assert_as_rebuilt()

    def test_a_lead_goes_to_a_team_of_another_company(self):
        """Odoo computes the company of the lead; nothing but the team is written."""
        ann = self._contact("Ann")
        leads = [
            self._make("lead", contact, self.east)
            for contact in (self.env["res.partner"], ann)
        ]
        self._run_all()
        for lead in leads:
            lead.team_id = self.teams[self.west]
            self.assertEqual(lead.company_id, self.west)
        self._run_quick()
        for subject in (leads[0], ann):
            self._assert_moved("lead", subject, subject, new_company=self.west)
        self._assert_as_rebuilt()

    def test_a_salesperson_takes_a_lead_to_another_company(self):
        lead = self._make("lead", self.env["res.partner"], self.east)
        self._run_all()
        lead.write({"user_id": self.users[self.west].id, "team_id": False})
        self.assertEqual(lead.company_id, self.west)
        self._run_quick()
        self._assert_moved("lead", lead, lead, new_company=self.west)
        self._assert_as_rebuilt()

    def test_the_salesperson_of_a_lead_without_a_company_changes_company(self):
        user = self._user("both", self.east | self.west)
        ann = self._contact("Ann")
        leads = [
            self._make(
                "lead",
                contact,
                self.east,
                user_id=user.id,
                team_id=False,
                company_id=False,
            )
            for contact in (self.env["res.partner"], ann)
        ]
        self._run_all()
        user.company_id = self.west
        self._run_quick()
        for lead, subject in zip(leads, (leads[0], ann), strict=True):
            self.assertFalse(lead.company_id)
            self._assert_moved("lead", subject, subject, new_company=self.west)
        self._assert_as_rebuilt()

    def test_merged_leads_belong_to_the_company_of_the_first(self):
        leads = self.env["crm.lead"]
        for company in (self.east, self.west):
            leads |= self._make("lead", self.env["res.partner"], company)
        self._run_all()
        leads.merge_opportunity()
        self._run_quick()
        left = leads.exists()
        self.assertEqual(len(left), 1)
        self.assertTrue(self._has("lead", left, left.company_id))
        self._assert_as_rebuilt()

    def test_a_project_moves_to_another_company(self):
        ann = self._contact("Ann")
        project = self.projects[self.east].copy({"name": "Moving"})
        task = self._make("task", ann, self.east, project_id=project.id)
        self._run_all()
        project.company_id = self.west
        self.assertEqual(task.company_id, self.west)
        self._run_quick()
        self._assert_moved("task", ann, ann, new_company=self.west)
        self._assert_as_rebuilt()

    def test_a_task_moves_to_another_project(self):
        """Into one of another company, and out of the service desks."""
        ann = self._contact("Ann")
        task = self._make("task", ann, self.east)
        self._run_all()
        # Odoo takes the contact away when the company differs.
        task.write({"project_id": self.projects[self.west].id, "partner_id": ann.id})
        self._run_quick()
        self._assert_moved("task", ann, ann, new_company=self.west)
        plain = self.projects[self.west].copy({"lifecycle_is_service_desk": False})
        task.project_id = plain
        self._run_quick()
        self.assertFalse(self._profile(self.west, ann))
        self._assert_as_rebuilt()

    def test_a_programme_moves_to_another_company(self):
        made = self._with_documents(["card"], self._strangers)
        _card, ann, _bob = made["card"]
        self._make("lead", ann, self.west)
        self._run_all()
        self.programs[self.east].company_id = self.west
        self._run_quick()
        self._assert_moved("card", ann, ann, new_company=self.west)
        self._assert_as_rebuilt()

    # ------------------------------------------------------------
    # What nobody marked
    # ------------------------------------------------------------

    def test_a_night_repairs_what_nobody_marked(self):
        """SQL of another addon has moved documents; no row was written by Odoo."""
        kinds = ("lead", "quotation", "invoice", "task", "ticket")
        made = self._with_documents(kinds, self._strangers)
        for document, _ann, bob in made.values():
            self.env.cr.execute(
                f"UPDATE {document._table} SET partner_id = %s WHERE id = %s",
                [bob.id, document.id],
            )
        self.env.cr.execute(
            "UPDATE account_move SET commercial_partner_id = partner_id WHERE id = %s",
            made["invoice"][0].ids,
        )
        self._run_all(TODAY + timedelta(days=1))
        for kind, (_document, _ann, bob) in made.items():
            self.assertTrue(self._has(kind, bob), kind)

    # ------------------------------------------------------------
    # Cost and rights
    # ------------------------------------------------------------

    def _count_marks(self, records, vals):
        """Return the number of statements on the work list that a write takes."""
        self.env.flush_all()
        marks = []
        execute = type(self.env.cr).execute

        def count(cursor, query, *args, **kwargs):
            if "crm_lifecycle_pending" in str(query):
                marks.append(query)
            return execute(cursor, query, *args, **kwargs)

        with patch.object(type(self.env.cr), "execute", count):
            records.write(vals)
            self.env.flush_all()
        return len(marks)

    def test_a_set_costs_one_statement_and_none_without_a_change(self):
        ann, bob = self._strangers("cost")
        acme = self._contact("Acme", is_company=True)
        for kind, other in (
            ("quotation", {"client_order_ref": "x"}),
            ("task", {"color": 3}),
            ("ticket", {"color": 3}),
            ("answer", {"nickname": "x"}),
        ):
            documents = [self._make(kind, ann, self.east) for _n in range(5)]
            documents = documents[0].union(*documents)
            documents.mapped("partner_id.name")
            self.assertEqual(self._count_marks(documents, other), 0, kind)
            for contact, count in ((ann, 0), (bob, 1)):
                vals = {"partner_id": contact.id}
                self.assertEqual(self._count_marks(documents, vals), count, kind)
        contacts = ann | bob
        self.assertEqual(self._count_marks(contacts, {"comment": "x"}), 0)
        self.assertEqual(self._count_marks(contacts, {"parent_id": acme.id}), 1)

    def test_each_record_of_a_set_has_new_values_of_its_own(self):
        ann, bob = self._strangers("one")
        acme = self._contact("Acme", is_company=True)
        one, two, three = (self._make("quotation", ann, self.east) for _n in range(3))
        self._run_all()
        one.partner_id = bob
        two.write({"partner_id": acme.id, "client_order_ref": "x"})
        three.client_order_ref = "y"
        self._run_quick()
        for contact in (ann, bob, acme):
            self.assertEqual(self._profile(self.east, contact).quotation_count, 1)

    def test_a_salesperson_takes_a_document_from_a_colleagues_customer(self):
        """The marks need no rights on the work list, nor on the customers."""
        ann, bob = self._strangers("colleague")
        sue = self._user("sue", self.east, "sales_team.group_sale_salesman")
        order = self._make("quotation", ann, self.east, user_id=sue.id)
        self._run_all()
        self._profile(self.east, ann).user_id = self.users[self.east]
        mine = order.with_user(sue).with_context(allowed_company_ids=self.east.ids)
        mine.partner_id = bob
        self._run_quick()
        self._assert_moved("quotation", ann, bob)
