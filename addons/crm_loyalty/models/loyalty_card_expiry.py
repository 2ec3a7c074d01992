from odoo import api, models
from odoo.tools import SQL

from ..engine import expiry

# Lots to expire in one transaction. Confirming an order on one of the cards waits for
# the end of the transaction.
BATCH = 20_000


class LoyaltyCard(models.Model):
    """Expiry of points."""

    _inherit = "loyalty.card"

    @api.model
    def _cron_expire(self):
        """Expire all due lots, in batches."""
        self._expire_points(checkpoint=self.env["ir.cron"]._commit_progress)

    @api.model
    def _expire_points(self, as_of=None, checkpoint=None):
        """Expire the lots that end before ``as_of``.

        :param as_of: a date, by default today in the program's company
        :param checkpoint: called after each batch with the number of cards done;
            returns the seconds left
        :return: the entries, one for each card of a batch
        """
        entries = self.env["crm.loyalty.entry"]
        while batch := self._expire_batch(as_of):
            entries += batch
            if checkpoint and not checkpoint(len(batch)):
                break
        return entries

    @api.model
    def _expire_batch(self, as_of=None, limit=BATCH):
        """Expire the due lots of a batch of cards, and return the entries."""
        Entry = self.env["crm.loyalty.entry"]
        self.env.flush_all()
        self._clear_preloaded()
        if as_of:
            day = SQL("%s::date", as_of)
        else:
            day = self.env["res.company"]._get_loyalty_today_sql("p.company_id")
        entries = Entry.browse(
            entry_id
            for [entry_id] in self.env.execute_query(
                expiry.expire_lots_sql(day, self.env.uid, limit)
            )
        )
        if entries:
            Entry.invalidate_model(flush=False)
            self.invalidate_model(["points", *self._get_ledger_fields()], flush=False)
            self._after_posting(entries)
        return entries
