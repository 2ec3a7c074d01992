from odoo import api, fields, models

from ..ledger import update_ledger


class CrmLifecyclePurchaseChannel(models.AbstractModel):
    """A channel in which customers buy: three queries over sets of documents.

    A bridge adds a channel by a model that inherits this one, with a key, a label, the
    model of its documents, and the queries below. A *document* is what a purchase is
    read from, such as an order; its returns are read together with it, from whatever
    documents they are in.

    The queries are over all companies. Days are those of the document's company, in its
    time zone; amounts are in its currency, without taxes (see `engine.sql`).
    """

    _name = "crm.lifecycle.purchase.channel"
    _description = "Channel of Purchases"

    # The key, as stored in the ledger.
    _channel = None
    # The model of the documents, and those of the documents of its returns.
    _document_model = None
    _return_models = ()

    @api.model
    def _get_label(self):
        """Return the name of the channel, in the user's language."""
        raise NotImplementedError

    @api.model
    def _get_changed_documents(self, since):
        """Return SQL of the ids of documents written since a moment (naive UTC).

        All documents if ``since`` is None. Include documents whose returns have
        changed. Deleted documents, and changes that no row shows, are reported by
        `crm.lifecycle.purchase.pending._mark_pending`.
        """
        raise NotImplementedError

    @api.model
    def _get_purchases(self):
        """Return SQL of the purchases of the documents in ``lifecycle_document (id)``.

        Columns: ``res_id``, ``company_id``, ``partner_id`` (any contact of the
        customer), ``date`` and ``amount``; at most one row per document, none for a
        document that doesn't count. A negative amount is a return without a purchase.
        """
        raise NotImplementedError

    @api.model
    def _get_returns(self):
        """Return SQL of what was returned of the documents in ``lifecycle_document``.

        Columns: ``document_id``, ``model`` and ``res_id`` of the return, ``date`` and a
        negative ``amount``; at most one row per document and return. None: the channel
        has no returns.
        """
        return

    # ------------------------------------------------------------
    # All channels
    # ------------------------------------------------------------

    @api.model
    def _get_all(self):
        """Return the channels, in the order of their keys."""
        names = self.pool["crm.lifecycle.purchase.channel"]._inherit_children
        channels = [self.env[name] for name in names if name != self._name]
        return sorted(channels, key=lambda channel: channel._channel)

    @api.model
    def _get_models(self):
        """Return the names of all models that rows of the ledger are read from."""
        base = self.env["crm.lifecycle.purchase.channel"]
        return sorted(
            {
                model
                for channel in base._get_all()
                for model in (channel._document_model, *channel._return_models)
            }
        )

    @api.model
    def _update_ledger(self, topics):
        """Bring the ledger up to date with the documents of all channels.

        Customers with changed rows go on the work list of their company.

        :param topics: the bits of the facts that change with the ledger
        """
        update_ledger(self._get_all(), topics)

    @api.model
    def _check_ledger(self, topics):
        """Compare all documents with the ledger, and write what differs.

        It does so once a day, for all companies.

        :param topics: see `_update_ledger`
        :return: the number of rows written
        """
        today = fields.Date.today()
        Watermark = self.env["crm.lifecycle.purchase.watermark"].sudo()
        checked = Watermark.search([("checked_date", "=", today)]).mapped("channel")
        channels = [
            channel for channel in self._get_all() if channel._channel not in checked
        ]
        if not channels:
            return 0
        keys = [channel._channel for channel in channels]
        Watermark.search([("channel", "in", keys)]).checked_date = today
        return update_ledger(channels, topics, compare_all=True)
