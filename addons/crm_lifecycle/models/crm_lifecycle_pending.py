from odoo import api, fields, models
from odoo.tools import SQL

from ..fields import LooseMany2one
from ..storage import set_storage


class CrmLifecyclePending(models.Model):
    """Work list of the runs: subjects with facts that may have changed.

    Documents add rows when they change (an order is confirmed, a lead is won), and a
    run adds what its sources find. Workers take rows in batches and skip those locked
    by another worker. A row is deleted in the transaction that refreshes its subject,
    so the work of a run that dies stays on the list.

    There are no foreign keys, so that adding a row locks nothing and costs one insert.
    """

    _name = "crm.lifecycle.pending"
    _description = "Customer to Refresh"
    _log_access = False

    company_id = LooseMany2one(comodel_name="res.company", required=True)
    partner_res_id = fields.Integer(string="Contact ID")
    lead_res_id = fields.Integer(string="Lead ID")
    topics = fields.Integer(
        help="Bits of the sources whose facts may have changed. Empty: of all."
    )
    is_review = fields.Boolean(
        help="Ask the rules even if no fact has changed: something else has, such as "
        "a decision that was made."
    )

    def init(self):
        """Set storage parameters so that the table is vacuumed in time."""
        set_storage(
            self,
            autovacuum_vacuum_scale_factor=0,
            autovacuum_vacuum_threshold=5000,
        )

    @api.model
    def _mark_pending(self, company, partners=(), leads=(), *, review=False):
        """Put contacts and leads of a company on the work list, in one statement.

        ``company`` may be empty for a change that affects every company. With
        ``review``, the rules are evaluated even if no fact has changed.
        """
        rows = [(partner.id, None) for partner in partners]
        rows += [(None, lead.id) for lead in leads]
        if not rows:
            return
        companies = (
            SQL("unnest(%s::int[])", company.ids)
            if company
            else SQL("(SELECT id FROM res_company)")
        )
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO crm_lifecycle_pending
                            (company_id, partner_res_id, lead_res_id, is_review)
                SELECT c, p, l, %s
                  FROM %s AS c (c), unnest(%s::int[], %s::int[]) AS s (p, l)
                """,
                review,
                companies,
                [row[0] for row in rows],
                [row[1] for row in rows],
            )
        )

    @api.model
    def _trigger_run(self, at=None):
        """Trigger the scheduled job for the work list within a minute, or ``at``.

        Like `ir.cron._trigger`, but without checking that the job is active: each query
        slows down the confirmation of an order. Once per transaction is enough.
        """
        cron_id = self.env["ir.model.data"]._xmlid_to_res_id(
            "crm_lifecycle.ir_cron_run"
        )
        if not cron_id:
            return
        # Cleared when a savepoint is rolled back, as required.
        once = self.env.cr.precommit.data
        if once.get("crm_lifecycle.triggered"):
            return
        once["crm_lifecycle.triggered"] = True
        # sudo: a user who may change a document may trigger the job, nothing else.
        self.env["ir.cron.trigger"].sudo().create(
            {"cron_id": cron_id, "call_at": at or fields.Datetime.now()}
        )
        self.env.cr.postcommit.add(self.env["ir.cron"]._notifydb)
