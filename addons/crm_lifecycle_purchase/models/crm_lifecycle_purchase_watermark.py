from odoo import api, fields, models


class CrmLifecyclePurchaseWatermark(models.Model):
    """Up to when the documents of each channel are in the ledger."""

    _name = "crm.lifecycle.purchase.watermark"
    _description = "Watermark of Purchases"
    _log_access = False
    _rec_name = "channel"

    channel = fields.Char(required=True)
    moment = fields.Datetime(
        help="All documents written before are in the ledger. Empty: the next run "
        "compares all documents."
    )

    checked_date = fields.Date(
        help="The last day on which all documents were compared."
    )

    _channel_unique = models.Constraint(
        "UNIQUE (channel)", "A channel has one watermark."
    )

    @api.model
    def _reset(self, channels=None):
        """Have the next run compare all documents of some channels, or of all."""
        domain = [("channel", "in", channels)] if channels else []
        self.search(domain).moment = False
