from odoo import api, models
from odoo.tools import SQL

from ..engine import sql


class CrmLifecyclePurchaseChannelImport(models.AbstractModel):
    """Purchases of an older system, imported from files.

    An amount in another currency counts at the rate of its day.
    """

    _name = "crm.lifecycle.purchase.channel.import"
    _inherit = "crm.lifecycle.purchase.channel"
    _description = "Purchases from Imports"

    _channel = "import"
    _document_model = "crm.lifecycle.purchase.import"

    @api.model
    def _get_label(self):
        return self.env._("Import")

    @api.model
    def _get_changed_documents(self, since):
        """Return changed purchases, and those with rates that have changed."""
        if since is None:
            return SQL("SELECT id FROM crm_lifecycle_purchase_import")
        return SQL(
            """
            SELECT id FROM crm_lifecycle_purchase_import WHERE write_date >= %(since)s
             UNION ALL
            SELECT p.id
              FROM res_currency_rate AS r
              JOIN crm_lifecycle_purchase_import AS p ON TRUE
              %(company)s
             WHERE r.write_date >= %(since)s AND p.currency_id <> currency.id
               AND r.currency_id IN (p.currency_id, currency.id)
               -- the first rate also counts for the days before it
               AND (p.date >= r.name OR NOT EXISTS (
                    SELECT FROM res_currency_rate AS e
                     WHERE e.currency_id = r.currency_id AND e.name < r.name))
            """,
            since=since,
            company=sql.join_company(SQL("p.company_id")),
        )

    @api.model
    def _get_purchases(self):
        return SQL(
            """
            SELECT p.id AS res_id, p.company_id, p.partner_id, p.date,
                   %(amount)s AS amount
              FROM lifecycle_document AS d
              JOIN crm_lifecycle_purchase_import AS p ON p.id = d.id
              %(company)s
            """,
            amount=sql.convert(
                SQL("p.amount"),
                SQL(
                    "CASE WHEN p.currency_id <> currency.id THEN %s / %s END",
                    self._get_rate(SQL("p.currency_id")),
                    self._get_rate(SQL("currency.id")),
                ),
            ),
            company=sql.join_company(SQL("p.company_id")),
        )

    @api.model
    def _get_rate(self, currency):
        """SQL of the rate of a currency on the day of ``p``; 1 if there is none.

        As in `res.currency._get_rates`: the last rate before, or else the first one. A
        branch has the rates of its main company.
        """
        rates = SQL(
            """
            SELECT rate FROM res_currency_rate
             WHERE currency_id = %s
               AND (company_id IS NULL
                    OR company_id = SPLIT_PART(company.parent_path, '/', 1)::int)
            """,
            currency,
        )
        return SQL(
            "COALESCE((%(rates)s AND name <= p.date "
            "ORDER BY company_id, name DESC LIMIT 1), "
            "(%(rates)s ORDER BY company_id, name LIMIT 1), 1)",
            rates=rates,
        )
