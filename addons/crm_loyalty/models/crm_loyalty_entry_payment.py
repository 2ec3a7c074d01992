from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import suspension
from ..engine.ledger import OpenEntry, to_units
from ..posting import Posting
from ..posting_sql import save_lots_sql


class CrmLoyaltyEntry(models.Model):
    """Awards that are pending until their document is paid."""

    _inherit = "crm.loyalty.entry"

    is_released_by_payment = fields.Boolean(
        string="Released by Payment",
        help="The points were pending until the document was paid. They become pending "
        "again if the payment is undone.",
    )

    @api.model
    def _get_awards_by_payment(self, documents):
        """Return ``{document id: awards}`` that depend on the payment of documents.

        A merge of customers moves a lot to another card, as a transfer of the emptied
        card followed by one of the card that is kept. So follow the transfers.
        """
        if not documents:
            return {}
        self.flush_model()
        awards = {}
        for document_id, entry_id in self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE award AS (
                     SELECT e.source_id AS document_id, e.id
                       FROM crm_loyalty_entry AS e
                      WHERE e.source_model = %s AND e.source_id = ANY(%s)
                        AND e.kind = 'earn' AND e.points > 0
                        AND (e.available_date IS NULL OR e.is_released_by_payment)
                      UNION
                     SELECT award.document_id, moved.id
                       FROM award
                       JOIN crm_loyalty_consumption AS c ON c.award_id = award.id
                       JOIN crm_loyalty_entry AS taken
                         ON taken.id = c.entry_id AND taken.kind = 'transfer'
                        AND taken.source_model = 'loyalty.card'
                 CROSS JOIN LATERAL (
                            SELECT e.id FROM crm_loyalty_entry AS e
                             WHERE e.card_id = taken.source_id AND e.id > taken.id
                               AND e.kind = 'transfer' AND e.points > 0
                               AND e.source_model = 'loyalty.card'
                               AND e.source_id = taken.card_id
                             ORDER BY e.id LIMIT 1) AS moved)
                SELECT document_id, id FROM award ORDER BY id
                """,
                documents._name,
                documents.ids,
            )
        ):
            awards[document_id] = awards.get(document_id, self) | self.browse(entry_id)
        return awards

    @api.model
    def _get_unpaid_document_ids(self, model):
        """Return the ids of the documents of a model with points that are pending.

        Pending lots of merged cards are followed back to what the document earned.
        """
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE pending AS (
                     SELECT e.id, e.card_id, e.kind, e.source_model, e.source_id
                       FROM crm_loyalty_entry AS e
                      WHERE e.remaining > 0 AND e.available_date IS NULL
                      UNION
                     SELECT e.id, e.card_id, e.kind, e.source_model, e.source_id
                       FROM pending AS p
                 CROSS JOIN LATERAL (
                            SELECT e.id FROM crm_loyalty_entry AS e
                             WHERE p.kind = 'transfer'
                               AND p.source_model = 'loyalty.card'
                               AND e.card_id = p.source_id AND e.id < p.id
                               AND e.kind = 'transfer' AND e.points < 0
                               AND e.source_model = 'loyalty.card'
                               AND e.source_id = p.card_id
                             ORDER BY e.id DESC LIMIT 1) AS taken
                       JOIN crm_loyalty_consumption AS c ON c.entry_id = taken.id
                       JOIN crm_loyalty_entry AS e ON e.id = c.award_id)
                SELECT DISTINCT source_id FROM pending
                 WHERE source_model = %s AND kind = 'earn' ORDER BY source_id
                """,
                model,
            )
        )
        return [document_id for [document_id] in rows]

    def _release(self):
        """Make pending awards available from today on, and pay debts from them."""
        pending = self.filtered(lambda entry: not entry.available_date)
        posting = pending._lock_cards()
        for account, day, lots in pending._iterate_lots(posting):
            suspension.release(account, lots, day)
        pending._save_lots(posting, is_released=True)

    def _suspend(self):
        """Make released awards pending again, see `engine.suspension`."""
        released = self.filtered("available_date")
        posting = released._lock_cards()
        spent = released._get_spent()
        for account, day, lots in released._iterate_lots(posting):
            program = self.browse(lots[0].id).program_id
            suspension.suspend(
                account,
                lots,
                [row for lot in lots for row in spent.get(lot.id, ())],
                day,
                program.crm_loyalty_negative_policy,
            )
        released._save_lots(posting, is_released=False)

    def _lock_cards(self):
        """Return a posting with the locked cards of these entries."""
        posting = Posting(self.env)
        if self:
            posting.load(self.card_id.ids, (), 0)
        # Read the lots again, now that they can't change.
        self.invalidate_recordset(["remaining", "available_date", "expiration_date"])
        return posting

    def _iterate_lots(self, posting):
        """Yield the account of each card, its current day and these lots of it."""
        for card, entries in self.grouped("card_id").items():
            lots = [
                OpenEntry(
                    entry.id,
                    to_units(entry.remaining),
                    entry.available_date or None,
                    entry.expiration_date or None,
                )
                for entry in entries
            ]
            yield posting.accounts[card.id], card.program_id._get_loyalty_today(), lots

    def _get_spent(self):
        """Return ``{lot id: [(entry id, lot id, units)]}`` that was spent of awards.

        What was taken back, expired or transferred is not spent.
        """
        spent = {}
        for row in self.env.execute_query(
            SQL(
                """
                SELECT o.id, c.award_id, round(SUM(c.points) * 10000)::bigint
                  FROM crm_loyalty_consumption AS c
                  JOIN crm_loyalty_entry AS x ON x.id = c.entry_id
                  JOIN crm_loyalty_entry AS o ON o.id = COALESCE(x.origin_id, x.id)
                 WHERE c.award_id = ANY(%s) AND o.kind = 'burn'
              GROUP BY o.id, c.award_id
                HAVING SUM(c.points) > 0
              ORDER BY o.id
                """,
                self.ids,
            )
        ):
            spent.setdefault(row[1], []).append(row)
        return spent

    def _save_lots(self, posting, *, is_released):
        """Write the lots of a posting, and the days of these awards.

        Use SQL, because the ORM refuses to write the ledger. The available date is not
        part of the hash.
        """
        if not self:
            return
        posting.changes = dict.fromkeys(self.card_id.ids, 0)
        rows = posting.get_rows()
        self.env.execute_query(save_lots_sql(posting))
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_loyalty_entry AS e
                   SET available_date = v.available, is_released_by_payment = %s
                  FROM unnest(%s::int4[], %s::date[]) AS v (id, available)
                 WHERE e.id = v.id
                """,
                is_released,
                self.ids,
                [rows[entry_id].available for entry_id in self.ids],
            )
        )
        Card = self.env["loyalty.card"]
        Card._clear_preloaded()
        self.invalidate_model(flush=False)
        self.env["crm.loyalty.consumption"].invalidate_model(flush=False)
        self.card_id.invalidate_recordset(Card._get_ledger_fields(), flush=False)
