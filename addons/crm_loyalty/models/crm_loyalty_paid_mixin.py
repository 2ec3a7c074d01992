from odoo import models


class CrmLoyaltyPaidMixin(models.AbstractModel):
    """Documents with points that are pending until the customer has paid.

    A document that was paid may be unpaid again: a payment is cancelled, bounces, or is
    removed from the invoice. `_sync_paid_points` may be called whenever a payment may
    have changed. It compares the points with the payment, so it changes nothing if they
    agree.
    """

    _name = "crm.loyalty.paid.mixin"
    _description = "Document with Points Pending until Paid"

    def _filter_paid_for_points(self):
        """Extension point: return the documents that are paid."""
        raise NotImplementedError

    def _sync_paid_points(self):
        """Release the points of paid documents, and suspend those of unpaid ones."""
        # A user who registers payments need not have access to points.
        Entry = self.env["crm.loyalty.entry"].sudo()
        awards = Entry._get_awards_by_payment(self)
        if not awards:
            return
        paid = self.browse(awards)._filter_paid_for_points()
        lots = {True: Entry, False: Entry}
        for document_id, entries in awards.items():
            lots[document_id in paid.ids] |= entries
        lots[True]._release()
        lots[False]._suspend()
