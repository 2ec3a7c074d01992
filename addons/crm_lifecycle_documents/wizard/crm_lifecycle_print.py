from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from odoo.addons.crm_lifecycle.fields import Date

from ..engine import periods

DOCUMENTS = [
    ("period", "Lifecycle of a period"),
    ("warning", "Churn warnings"),
]
SPANS = [
    ("last_week", "Last week"),
    ("last_month", "Last month"),
    ("last_quarter", "Last quarter"),
    ("last_year", "Last year"),
    ("this_month", "This month so far"),
    ("this_quarter", "This quarter so far"),
    ("this_year", "This year so far"),
    ("custom", "Other days"),
]


class CrmLifecyclePrint(models.TransientModel):
    """Options of a document: company, lifecycle, team and period.

    The figures include only customers that the user may read.
    """

    _name = "crm.lifecycle.print"
    _description = "Print a Lifecycle Report"
    _inherit = ["crm.lifecycle.company.mixin", "crm.lifecycle.reference.mixin"]
    _readable_fields = ("lifecycle_id", "team_id")

    document = fields.Selection(selection=DOCUMENTS, required=True, default="period")
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
        domain=lambda self: [("id", "in", self.env.companies.ids)],
    )
    lifecycle_id = fields.Many2one(
        comodel_name="crm.lifecycle",
        compute="_compute_lifecycle_id",
        store=True,
        readonly=False,
        domain="[('company_id', 'in', [False, company_id])]",
        help="Churn warnings are of all lifecycles where none is chosen.",
    )
    team_id = fields.Many2one(
        comodel_name="crm.team",
        string="Sales Team",
        domain="[('company_id', 'in', [False, company_id])]",
        help="Customers of the salespeople of this team alone.",
    )
    span = fields.Selection(
        selection=SPANS, string="Period", required=True, default="last_month"
    )
    date_from = Date(
        string="From", compute="_compute_dates", store=True, readonly=False
    )
    date_to = Date(string="To", compute="_compute_dates", store=True, readonly=False)
    is_compared = fields.Boolean(
        string="Compare with the period before",
        default=True,
        help="Whole months are compared with as many months before them, other periods "
        "with as many days.",
    )

    @api.depends("company_id", "document")
    def _compute_lifecycle_id(self):
        for doc in self:
            lifecycle = doc.lifecycle_id
            if lifecycle.company_id and lifecycle.company_id != doc.company_id:
                lifecycle = lifecycle.browse()
            if not lifecycle and doc.document == "period":
                lifecycle = lifecycle._get_active(doc.company_id)[:1]
            doc.lifecycle_id = lifecycle

    @api.depends("span", "company_id")
    def _compute_dates(self):
        for doc in self:
            if doc.span == "custom":
                continue
            today = doc.company_id._lifecycle_today()
            when, rhythm = doc.span.split("_")
            if when == "last":
                doc.date_from, doc.date_to = periods.get_last_period(rhythm, today)
            else:
                doc.date_from = periods.get_period_start(rhythm, today)
                doc.date_to = today

    @api.depends("document")
    def _compute_display_name(self):
        documents = dict(self._fields["document"]._description_selection(self.env))
        for doc in self:
            doc.display_name = documents[doc.document]

    @api.constrains("document", "lifecycle_id", "date_from", "date_to")
    def _check_period(self):
        for doc in self.filtered(lambda d: d.document == "period"):
            if not doc.lifecycle_id:
                raise ValidationError(
                    self.env._(
                        "Choose the lifecycle that the report is about. “%(company)s” "
                        "has none that is active.",
                        company=doc.company_id.name,
                    )
                )
            if not doc.date_from or not doc.date_to or doc.date_from > doc.date_to:
                raise ValidationError(
                    self.env._(
                        "Choose a first day, and a last day that is not before it."
                    )
                )

    # ------------------------------------------------------------
    # Print
    # ------------------------------------------------------------

    def _get_domain(self):
        """Return the domain of the customers in the document."""
        self.ensure_one()
        domain = Domain("company_id", "=", self.company_id.id)
        if self.team_id:
            domain &= Domain("user_id.sale_team_id", "=", self.team_id.id)
        return domain

    def _get_report(self):
        return self.env.ref(f"crm_lifecycle_documents.action_report_{self.document}")

    def _get_report_base_filename(self):
        """Return the file name, with the days of the period."""
        self.ensure_one()
        if self.document == "warning":
            return f"{self.display_name} {self.company_id._lifecycle_today()}"
        return f"{self.display_name} {self.date_from} - {self.date_to}"

    def _format_subject(self):
        """Return the subject of the document in one line."""
        self.ensure_one()
        words = [self.lifecycle_id.name, self.team_id.name]
        return " · ".join(filter(None, words))

    def action_print(self):
        """Print the document as a PDF."""
        self.ensure_one()
        return self._get_report().report_action(self, config=False)

    def action_show(self):
        """Open the document in the browser."""
        self.ensure_one()
        name = self._get_report().report_name
        return {
            "type": "ir.actions.act_url",
            "url": f"/report/html/{name}/{self.id}",
            "target": "new",
        }
