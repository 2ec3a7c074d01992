from odoo import api, models
from odoo.tools import SQL, split_every


class CrmLoyaltyEntry(models.Model):
    _inherit = "crm.loyalty.entry"

    @api.model
    def _cron_release(self):
        """Release pending points of all orders that are paid by now."""
        waiting = self.search(self._get_unpaid_domain())
        for order_ids in split_every(500, sorted(set(waiting.mapped("source_id")))):
            orders = self.env["sale.order"].browse(order_ids).exists()
            orders._release_points()
            if not self.env["ir.cron"]._commit_progress(len(orders)):
                break

    @api.model
    def _get_unpaid_domain(self):
        """Return the domain of awards that are pending until an order is paid."""
        return [
            ("source_model", "=", "sale.order"),
            ("kind", "=", "earn"),
            ("available_date", "=", False),
            ("remaining", ">", 0),
        ]

    def _release(self):
        """Make awards available from today on.

        Use SQL, because the ORM refuses to write the ledger. The available date is not
        part of the hash.
        """
        for program, entries in self.grouped("program_id").items():
            self.env.cr.execute(
                SQL(
                    "UPDATE crm_loyalty_entry SET available_date = %s "
                    "WHERE id = ANY(%s) AND available_date IS NULL",
                    program._get_loyalty_today(),
                    entries.ids,
                )
            )
        self.invalidate_recordset(["available_date", "state"])
        self.card_id.invalidate_recordset(
            self.env["loyalty.card"]._get_ledger_fields(), flush=False
        )
