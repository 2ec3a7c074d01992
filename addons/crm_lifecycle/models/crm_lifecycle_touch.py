from odoo import api, fields, models
from odoo.tools import SQL

from ..fields import LooseMany2one
from ..storage import set_storage


class CrmLifecycleTouch(models.Model):
    """A subject whose facts may have changed: the work list of the runs.

    Documents add rows as they change (an order confirmed, a lead won), and a run
    adds what its sources find. Workers take rows in batches, passing over those
    that another worker holds, and a row goes away in the transaction that
    refreshed its subject: work that a dying run leaves is still on the list.

    Nothing here has a foreign key, so that adding a row locks nothing and costs
    one insert.
    """

    _name = "crm.lifecycle.touch"
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
        """Have the table vacuumed in time."""
        set_storage(
            self,
            autovacuum_vacuum_scale_factor=0,
            autovacuum_vacuum_threshold=5000,
        )

    @api.model
    def _touch(self, company, partners=(), leads=(), *, review=False):
        """Put contacts and leads of a company on the work list, in one statement.

        ``company`` may be empty for a change that concerns every company. With
        ``review``, the rules are asked even if no fact has changed.
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
                INSERT INTO crm_lifecycle_touch
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
        """Have the scheduled job look at the work list within a minute, or ``at``.

        As `ir.cron._trigger` does, less the look at whether the job is active:
        confirming an order pays for each query. Once in a transaction is enough.
        """
        cron_id = self.env["ir.model.data"]._xmlid_to_res_id(
            "crm_lifecycle.ir_cron_run"
        )
        if not cron_id:
            return
        # Forgotten, as it must be, when a savepoint is rolled back.
        once = self.env.cr.precommit.data
        if once.get("crm_lifecycle.triggered"):
            return
        once["crm_lifecycle.triggered"] = True
        # Whoever changes a document may ring the bell, and nothing more.
        self.env["ir.cron.trigger"].sudo().create(
            {"cron_id": cron_id, "call_at": at or fields.Datetime.now()}
        )
        self.env.cr.postcommit.add(self.env["ir.cron"]._notifydb)
