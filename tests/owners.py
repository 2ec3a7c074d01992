"""Documents of every kind, for tests of which customer they belong to."""

from datetime import date, datetime

from odoo.fields import Command

from .books import open_books
from .two_companies import TwoCompaniesCase

TODAY = date(2026, 3, 2)
MADE_AT = datetime(2026, 2, 2, 3)
# Tables with rows that a run finds by their moment of writing.
WRITTEN = (
    "account_move",
    "account_move_line",
    "calendar_event",
    "crm_lead",
    "crm_lifecycle_purchase_import",
    "helpdesk_ticket",
    "loyalty_card",
    "loyalty_program",
    "mail_activity",
    "mail_message",
    "project_task",
    "res_partner",
    "sale_order",
    "sale_order_line",
    "survey_user_input",
    "survey_user_input_line",
)
# The fact that shows that a customer has a document of a kind.
FACTS = {
    "lead": "open_lead_count",
    "quotation": "quotation_count",
    "order": "order_count",
    "invoice": "invoice_count",
    "purchase": "order_count",
    "task": "ticket_count",
    "ticket": "ticket_count",
    "answer": "survey_asked_date",
    "card": "loyalty_points",
    "message": "last_inbound_date",
}
# Kinds of documents that make no customer by themselves.
FACTS_ALONE = ("answer", "card", "message")
KINDS = tuple(FACTS)


class OwnersCase(TwoCompaniesCase):
    """A world with documents of every kind in the three companies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["crm.lifecycle.pending"].search([]).unlink()
        cls.partner.unlink()
        cls.survey = cls.env["survey.survey"].create({"title": "How was it?"})
        cls.projects, cls.programs, cls.teams, cls.users = {}, {}, {}, {}
        for company in cls.companies:
            if not company.parent_id:
                open_books(cls.env, company)
            cls.projects[company] = cls.env["project.project"].create(
                {
                    "name": "Desk",
                    "company_id": company.id,
                    "lifecycle_is_service_desk": True,
                }
            )
            cls.programs[company] = cls.env["loyalty.program"].create(
                {
                    "name": "Club",
                    "program_type": "loyalty",
                    "applies_on": "both",
                    "trigger": "auto",
                    "company_id": company.id,
                }
            )
            cls.teams[company] = cls.env["crm.team"].create(
                {"name": f"Team of {company.name}", "company_id": company.id}
            )
            cls.users[company] = cls._user(f"user{company.id}", company)

    # ------------------------------------------------------------
    # Documents
    # ------------------------------------------------------------

    @classmethod
    def _contact(cls, name, **vals):
        return cls.env["res.partner"].create({"name": name, **vals})

    def _make(self, kind, partner, company, **vals):
        """Return a new document of a kind, made at `MADE_AT`."""
        document = getattr(self, f"_make_{kind}")(partner, company, **vals)
        self._backdate(document)
        return document

    def _backdate(self, document):
        """Make a document as if at `MADE_AT`."""
        self.env.flush_all()
        self.env.cr.execute(
            f"UPDATE {document._table} SET create_date = %s WHERE id = %s",
            [MADE_AT, document.id],
        )
        document.invalidate_recordset()

    def _make_lead(self, partner, company, **vals):
        lead = self.env["crm.lead"].create(
            {
                "name": "Lead",
                "type": "opportunity",
                "partner_id": partner.id,
                "user_id": False,
                "team_id": self.teams[company].id,
                **vals,
            }
        )
        if "company_id" in vals:
            lead.company_id = vals["company_id"]
        return lead

    def _make_quotation(self, partner, company, **vals):
        return (
            self.env["sale.order"]
            .with_company(company)
            .create(
                {
                    "partner_id": partner.id,
                    "company_id": company.id,
                    "validity_date": False,
                    "order_line": [self._line()],
                    **vals,
                }
            )
        )

    def _line(self):
        return Command.create(
            {
                "product_id": self.product.id,
                "price_unit": 100,
                "tax_ids": [Command.clear()],
            }
        )

    def _make_order(self, partner, company, **vals):
        order = self._make_quotation(partner, company, **vals)
        order.action_confirm()
        order.date_order = MADE_AT
        return order

    def _make_invoice(self, partner, company, **vals):
        move = (
            self.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "company_id": company.id,
                    "invoice_date": MADE_AT.date(),
                    "invoice_line_ids": [self._line()],
                    **vals,
                }
            )
        )
        move.action_post()
        return move

    def _make_purchase(self, partner, company, **vals):
        number = self.env["crm.lifecycle.purchase.import"].search_count([])
        return self.env["crm.lifecycle.purchase.import"].create(
            {
                "name": f"OLD-{number}",
                "partner_id": partner.id,
                "company_id": company.id,
                "date": MADE_AT.date(),
                "amount": 50,
                **vals,
            }
        )

    def _make_task(self, partner, company, **vals):
        return self.env["project.task"].create(
            {
                "name": "Task",
                "partner_id": partner.id,
                "project_id": self.projects[company].id,
                **vals,
            }
        )

    def _make_ticket(self, partner, company, **vals):
        return self.env["helpdesk.ticket"].create(
            {
                "name": "Ticket",
                "description": "It broke",
                "partner_id": partner.id,
                "company_id": company.id,
                **vals,
            }
        )

    def _make_answer(self, partner, company, **vals):
        return self.env["survey.user_input"].create(
            {
                "survey_id": self.survey.id,
                "partner_id": partner.id,
                "lifecycle_company_id": company.id,
                **vals,
            }
        )

    def _make_card(self, partner, company, **vals):
        return self.env["loyalty.card"].create(
            {
                "partner_id": partner.id,
                "program_id": self.programs[company].id,
                "crm_loyalty_member_since": MADE_AT.date(),
                **vals,
            }
        )

    def _make_message(self, partner, company, **vals):
        """A message on a contact counts in each company."""
        return self.env["mail.message"].create(
            {
                "model": "res.partner",
                "res_id": partner.id,
                "message_type": "email",
                "author_id": partner.id,
                "date": MADE_AT,
                **vals,
            }
        )

    # ------------------------------------------------------------
    # Runs
    # ------------------------------------------------------------

    def _run_all(self, day=TODAY, companies=None, **kwargs):
        """Run the companies, and backdate all rows; return (refreshed, moved)."""
        self.env.flush_all()
        refreshed = moved = 0
        for company in companies or self.companies:
            run = self.env["crm.lifecycle"]._run(company, day, **kwargs)
            refreshed += run.refreshed_count
            moved += run.moved_count
        self._backdate_rows()
        return refreshed, moved

    def _backdate_rows(self):
        """Make all rows old: the test is one transaction, with one moment."""
        self.env.flush_all()
        for table in WRITTEN:
            self.env.cr.execute(f"UPDATE {table} SET write_date = '2020-01-01'")
        self.env.invalidate_all()

    def _profile(self, company, subject):
        field = "lead_id" if subject._name == "crm.lead" else "partner_id"
        return self.env["crm.lifecycle.profile"].search(
            [(field, "=", subject.id), ("company_id", "=", company.id)]
        )

    def _snapshot(self):
        """Return the facts of all customers, by subject and company."""
        names = self.env["crm.lifecycle.profile"]._get_fact_fields()
        self.env.flush_all()
        self.env.cr.execute(
            f"""
            SELECT partner_id, lead_id, company_id, {", ".join(names)}
              FROM crm_lifecycle_profile
             WHERE active AND company_id = ANY(%s)
             ORDER BY company_id, partner_id, lead_id
            """,
            [self.companies.ids],
        )
        return self.env.cr.dictfetchall()

    def _assert_as_rebuilt(self, day=TODAY):
        """Check that the profiles are as those that are built from scratch."""
        found = self._snapshot()
        self.env.cr.execute(
            "DELETE FROM crm_lifecycle_profile WHERE company_id = ANY(%s)",
            [self.companies.ids],
        )
        self.env.invalidate_all()
        self._run_all(day, full=True)
        self.assertEqual(found, self._snapshot())
