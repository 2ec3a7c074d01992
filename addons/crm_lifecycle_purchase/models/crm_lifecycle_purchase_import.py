from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.crm_lifecycle.fields import Date, Monetary
from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index

from ..import_file import ImportFile

TEMPLATES = {
    "zh_CN": "/crm_lifecycle_purchase/static/xls/purchases_zh_CN.xlsx",
    None: "/crm_lifecycle_purchase/static/xls/purchases.xlsx",
}
# Fields that decide what the ledger has of a purchase.
COUNTED = {"company_id", "partner_id", "date", "amount", "currency_id"}


class CrmLifecyclePurchaseImport(models.Model):
    """A purchase of an older system, imported from a file.

    The document number is the key: a file that is imported again updates its purchases,
    and changes nothing where they are the same.
    """

    _name = "crm.lifecycle.purchase.import"
    _inherit = ["crm.lifecycle.company.mixin"]
    _description = "Imported Purchase"
    _order = "date desc, id desc"
    _check_company_auto = True

    name = fields.Char(
        string="Document Number",
        required=True,
        help="The number of the order or invoice. A later import finds the purchase by "
        "it.",
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
        ondelete="cascade",
    )
    date = Date(required=True)
    amount = Monetary(
        required=True, help="Without taxes. Negative: the customer returned something."
    )
    currency_id = fields.Many2one(
        comodel_name="res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="An amount in another currency than the company's counts at the rate of "
        "the date.",
    )

    _document_unique = models.Constraint(
        "UNIQUE (company_id, partner_id, name)",
        "This customer already has a purchase with this document number.",
    )
    _lifecycle_written_idx = watermark_index("write_date")

    @api.model
    def get_import_templates(self):
        """Return an import template in the user's language."""
        return [
            {
                "label": self.env._("Import Template for Purchases"),
                "template": TEMPLATES.get(self.env.lang, TEMPLATES[None]),
            }
        ]

    # ------------------------------------------------------------
    # The ledger
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Count the purchases within a minute."""
        purchases = super().create(vals_list)
        self.env["crm.lifecycle.pending"]._trigger_run()
        return purchases

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & COUNTED:
            self.env["crm.lifecycle.pending"]._trigger_run()
        return result

    def unlink(self):
        """Remove deleted purchases, which leave no row to find, from the ledger."""
        self.env["crm.lifecycle.purchase.pending"]._mark_pending("import", self.ids)
        return super().unlink()

    # ------------------------------------------------------------
    # Odoo's import
    # ------------------------------------------------------------

    @api.model
    def load(self, fields, data):
        """Refuse the whole file if one of its rows is wrong, before any is written.

        Odoo's import writes a long file in batches, and passes all rows from the
        present batch on. So the first batch checks the whole file.
        """
        file = ImportFile(self, fields, data)
        messages = file.check()
        if messages:
            return {"ids": False, "messages": messages, "nextrow": 0}
        # An object in the context can't be forged by RPC.
        records = self.with_context(lifecycle_import_file=file)
        return super(CrmLifecyclePurchaseImport, records).load(file.columns, file.rows)

    def _load_records(self, data_list, update=False):
        """Add the customers and currencies that were found for all rows at once."""
        file = self.env.context.get("lifecycle_import_file")
        if isinstance(file, ImportFile):
            for data in data_list:
                data["values"] |= file.found[data["info"]["rows"]["from"]]
        return super()._load_records(data_list, update)

    @api.model
    def _load_records_create(self, vals_list):
        """Update purchases that were imported before, and create the others."""
        keys = self._get_keys(vals_list)
        known = self._get_known_purchases(keys)
        new = {}
        for key, vals in zip(keys, vals_list, strict=True):
            if key in known:
                known[key]._load_records_write(vals)
            else:
                new[key] = vals
        created = super()._load_records_create(list(new.values()))
        known |= dict(zip(new, created, strict=True))
        return self.browse(known[key].id for key in keys)

    def _load_records_write(self, values):
        """Write only what differs, so that a repeated import writes nothing.

        A purchase stays with the contact of the customer that it was imported for.
        """
        vals = {name: value for name, value in values.items() if name != "id"}
        # sudo: commercial partners only show whether the customer is the same.
        partner = self.env["res.partner"].sudo().browse(vals.get("partner_id"))
        customer = self.sudo().partner_id.commercial_partner_id
        if partner.commercial_partner_id == customer:
            vals.pop("partner_id", None)
        changed = {
            name: value for name, value in vals.items() if self._differs(name, value)
        }
        if "currency_id" in changed:
            changed = vals  # the amount may have other decimals
        return super()._load_records_write(changed) if changed else None

    def _differs(self, name, value):
        field = self._fields[name]
        return (
            field.convert_to_record(field.convert_to_cache(value, self), self)
            != self[name]
        )

    @api.model
    def _get_keys(self, vals_list):
        """Return the company, the customer and the document number of each purchase."""
        # sudo: contacts of a company are one customer; nothing of them is shown.
        partners = (
            self.env["res.partner"]
            .sudo()
            .browse(vals.get("partner_id") or False for vals in vals_list)
        )
        return [
            (
                vals.get("company_id") or self.env.company.id,
                partner.commercial_partner_id.id,
                vals.get("name"),
            )
            for vals, partner in zip(vals_list, partners, strict=True)
        ]

    @api.model
    def _get_known_purchases(self, keys):
        """Return ``{key: purchase}`` of those that were imported before."""
        companies, customers, names = (
            set(values) for values in zip(*keys, strict=True)
        )
        known = self.search_fetch(
            Domain("company_id", "in", companies)
            & Domain("partner_id.commercial_partner_id", "in", customers)
            & Domain("name", "in", names - {None, False}),
            ["name", "company_id", "partner_id", "date", "amount", "currency_id"],
        )
        found = self._get_keys(
            [
                {
                    "company_id": purchase.company_id.id,
                    "partner_id": purchase.partner_id.id,
                    "name": purchase.name,
                }
                for purchase in known
            ]
        )
        return dict(zip(found, known, strict=True))
