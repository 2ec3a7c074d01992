from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.access import is_readable
from odoo.addons.crm_lifecycle.fields import LooseMany2one
from odoo.addons.crm_lifecycle.storage import set_storage


class CrmLifecyclePurchase(models.Model):
    """The ledger of purchases: one row per document of a customer, from every channel.

    A return is a row of its own, with a negative amount; ``origin_id`` is the purchase
    that it reduces, if known. Rows are written by `ledger.LedgerUpdate` from the
    documents, and by nobody else.

    A row is shown to users who may read its document.
    """

    _name = "crm.lifecycle.purchase"
    _description = "Purchase"
    _log_access = False
    _order = "date desc, id desc"
    _rec_name = "model"

    partner_id = LooseMany2one(
        comodel_name="res.partner", string="Customer", required=True, readonly=True
    )
    company_id = LooseMany2one(comodel_name="res.company", required=True, readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(
        required=True, readonly=True, help="In the time zone of the company."
    )
    amount = fields.Monetary(
        required=True,
        readonly=True,
        aggregator="sum",
        help="In the company's currency, without taxes; negative for a return.",
    )
    channel = fields.Selection(selection="_get_channels", required=True, readonly=True)
    model = fields.Char(string="Document Model", required=True, readonly=True)
    res_id = fields.Many2oneReference(
        string="Document", model_field="model", required=True, readonly=True
    )
    origin_id = LooseMany2one(
        comodel_name="crm.lifecycle.purchase", string="Returned Purchase", readonly=True
    )
    returned_date = fields.Date(
        readonly=True,
        help="From this day on, nothing of the purchase is left.",
    )

    _document_unique = models.UniqueIndex("(model, res_id, COALESCE(origin_id, 0))")
    _customer_idx = models.Index(
        "(partner_id, company_id, date) INCLUDE (amount, returned_date)"
    )
    _origin_idx = models.Index("(origin_id) WHERE origin_id IS NOT NULL")
    # Rows that leave a window. Equal keys are stored once, so it takes 7 bytes a row.
    _date_idx = models.Index("(company_id, date)")

    def init(self):
        """Set storage parameters, so that few rows keep the index from being enough."""
        set_storage(
            self,
            autovacuum_vacuum_scale_factor=0.02,
            autovacuum_analyze_scale_factor=0.02,
            autovacuum_vacuum_insert_scale_factor=0.02,
        )

    @api.model
    def _get_channels(self):
        """Return the channels as ``[(value, label)]``."""
        channels = self.env["crm.lifecycle.purchase.channel"]._get_all()
        return [(channel._channel, channel._get_label()) for channel in channels]

    @api.depends("model", "res_id")
    def _compute_display_name(self):
        """Show the name of the document; users who may read the row may read it."""
        for model, rows in self.grouped("model").items():
            documents = self.env[model].browse(rows.mapped("res_id")).exists()
            names = {document.id: document.display_name for document in documents}
            for row in rows:
                row.display_name = names.get(row.res_id, "")

    # ------------------------------------------------------------
    # Access
    # ------------------------------------------------------------

    @api.model
    def _search(self, domain, *args, bypass_access=False, **kwargs):
        """Return only rows with documents that the user may read."""
        if not (self.env.su or bypass_access):
            domain = Domain(domain) & self._get_access_domain()
        return super()._search(domain, *args, bypass_access=bypass_access, **kwargs)

    def _check_access(self, operation):
        """Refuse rows with documents that the user may not read."""
        result = super()._check_access(operation)
        if result or self.env.su or not self:
            return result
        allowed = self.browse(self._search([("id", "in", self.ids)]))
        forbidden = self - allowed
        if forbidden:
            return forbidden, lambda: self.env["ir.rule"]._make_access_error(
                operation, forbidden
            )
        return None

    @api.model
    def _get_access_domain(self):
        """Return the domain of rows with documents that the user may read."""
        rows = []
        for name in self.env["crm.lifecycle.purchase.channel"]._get_models():
            documents = self.env[name].with_context(active_test=False)
            if is_readable(documents):
                query = documents._search([])
                rows.append(Domain("model", "=", name) & Domain("res_id", "in", query))
        return Domain("company_id", "in", self.env.companies.ids) & Domain.OR(rows)

    def action_open_document(self):
        """Open the order, receipt or invoice of the purchase."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }

    @api.model
    def _after_update(self, is_first):
        """Extension point: called after an update of the ledger, in its transaction.

        The table ``lifecycle_changed (company_id, partner_id)`` has the customers with
        changed rows.

        :param is_first: the ledger was empty, and all customers have changed
        """

    # ------------------------------------------------------------
    # SQL
    # ------------------------------------------------------------

    @api.model
    def _get_is_purchase_sql(self, alias, day):
        """SQL condition: a row is a purchase, of which something is left on a day."""
        return SQL(
            "(%(row)s.amount > 0 AND COALESCE(%(row)s.returned_date > %(day)s, TRUE))",
            row=SQL.identifier(alias),
            day=day,
        )

    @api.model
    def _get_claimed_moves(self):
        """Extension point: return conditions of invoice lines of other channels.

        A list of SQL conditions on the invoice ``m`` and its line ``i``, never NULL.
        """
        return []
