from odoo import api, models
from odoo.tools import SQL

from ..engine import expiry

# Lots that one transaction expires; an order that is confirmed on one of the cards
# meanwhile waits for it.
BATCH = 20_000


class LoyaltyCard(models.Model):
    """Points that expire."""

    _inherit = "loyalty.card"

    @api.model
    def _cron_expire(self):
        """Take off all lots whose last day is over, in batches."""
        self._expire_points(checkpoint=self.env["ir.cron"]._commit_progress)

    @api.model
    def _expire_points(self, as_of=None, checkpoint=None):
        """Expire the lots whose last day is before ``as_of``, today by default.

        Today is the day of the programme's company. ``checkpoint`` is called with
        the number of cards done after each batch, and returns the seconds left.
        Return the entries, one for each card of a batch.
        """
        entries = self.env["crm.loyalty.entry"]
        while batch := self._expire_batch(as_of):
            entries += batch
            if checkpoint and not checkpoint(len(batch)):
                break
        return entries

    @api.model
    def _expire_batch(self, as_of=None, limit=BATCH):
        """Expire all lots that are due of some cards; return the entries."""
        Entry = self.env["crm.loyalty.entry"]
        self.env.flush_all()
        self._forget_ahead()
        if as_of:
            day = SQL("%s::date", as_of)
        else:
            day = self.env["res.company"]._get_loyalty_today_sql("p.company_id")
        entries = Entry.browse(
            entry_id
            for [entry_id] in self.env.execute_query(
                expiry.expire(day, self.env.uid, limit)
            )
        )
        if entries:
            Entry.invalidate_model(flush=False)
            self.invalidate_model(["points", *self._get_ledger_fields()], flush=False)
            self._after_posting(entries)
        return entries
