from odoo import api, fields, models
from odoo.tools import SQL


class CrmLifecyclePurchasePending(models.Model):
    """Documents to read again that no watermark finds: deleted ones, for example.

    There are no foreign keys, so that adding a row locks nothing and costs one insert.
    """

    _name = "crm.lifecycle.purchase.pending"
    _description = "Purchase to Read Again"
    _log_access = False

    channel = fields.Char(required=True)
    res_id = fields.Integer(string="Document ID", required=True)

    @api.model
    def _mark_pending(self, channel, ids):
        """Have the next run read some documents of a channel again, in one statement.

        :param channel: the key of the channel
        :param ids: ids of its documents
        """
        if not ids:
            return
        self.env.cr.execute(
            SQL(
                "INSERT INTO crm_lifecycle_purchase_pending (channel, res_id) "
                "SELECT %s, unnest(%s::int[])",
                channel,
                list(ids),
            )
        )
        self.env["crm.lifecycle.pending"]._trigger_run()

    @api.model
    def _mark_customers_pending(self, partners):
        """Have the next run read again what the ledger has of some customers.

        :param partners: contacts who are, or were, customers of their own
        """
        if not partners:
            return
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO crm_lifecycle_purchase_pending (channel, res_id)
                SELECT channel, res_id FROM crm_lifecycle_purchase
                 WHERE partner_id = ANY(%s) AND origin_id IS NULL
                """,
                partners.ids,
            )
        )
