import logging
import time

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import ledger_check as engine
from ..engine.ledger import SCALE

_logger = logging.getLogger(__name__)

FAULTS = [
    ("balance", "The balance is not the sum of the entries"),
    ("lots", "The lots, less what is owed, are not the balance"),
    ("remaining", "What is left of an award does not follow from what was spent"),
    ("chain", "Entries were changed, removed or slipped in"),
    ("anchor", "Entries differ from those of the last proof"),
]
# Kilobytes of work_mem for the check, unless the server has more. A million entries
# need 100 MB, which several steps and processes share.
WORK_MEM_KB = 64 * 1024
# Maximum number of faults to list; all are counted.
MAX_LISTED_FAULTS = 200


class CrmLoyaltyCheck(models.Model):
    """A check of the whole ledger, with its result.

    Each check stores a digest of all entries of finished transactions, and the next
    one computes it again. So it detects a changed entry even if all hashes of the
    chain were recomputed.
    """

    _name = "crm.loyalty.check"
    _description = "Points Proof"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _rec_name = "create_date"

    state = fields.Selection(
        selection=[("ok", "Proved"), ("failed", "Faults found")],
        required=True,
        readonly=True,
    )
    card_count = fields.Integer(string="Cards", readonly=True)
    entry_count = fields.Integer(string="Entries", readonly=True)
    fault_count = fields.Integer(string="Faults", readonly=True)
    fault_ids = fields.One2many(
        comodel_name="crm.loyalty.check.fault",
        inverse_name="check_id",
        readonly=True,
    )
    seconds = fields.Float(digits=(16, 2), readonly=True)
    anchor_date = fields.Datetime(
        string="Digest of Entries Until",
        readonly=True,
        help="Entries that were written before this moment are in the digest.",
    )
    anchor_count = fields.Integer(string="Entries in Digest", readonly=True)
    anchor_digest = fields.Char(
        string="Digest",
        readonly=True,
        help="The next proof computes it again. Note it down elsewhere to be sure even "
        "of who can change this record.",
    )

    @api.model
    def _cron_prove(self):
        """Check the ledger, and notify the managers of points if it has faults."""
        anchor = self._get_anchor_date()
        # Start a new transaction, to see all entries written before that moment.
        self.env["ir.cron"]._commit_progress(remaining=1)
        check = self._check_ledger(anchor)
        check._notify_managers()
        self.env["ir.cron"]._commit_progress(1)

    def action_prove(self):
        """Check the ledger now, and open the result."""
        self.browse().check_access("create")
        # Check cards of all companies, which the user need not have access to.
        check = self.sudo()._check_ledger()
        check._notify_managers()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": check.id,
            "view_mode": "form",
        }

    @api.model
    def _get_anchor_date(self):
        """Return the start of the oldest open transaction.

        No transaction can still add entries with an earlier creation date.
        """
        [[moment]] = self.env.execute_query(
            SQL(
                "SELECT date_trunc('second', LEAST(now(), MIN(xact_start)) "
                "AT TIME ZONE 'UTC') "
                "FROM pg_stat_activity WHERE datname = current_database()"
            )
        )
        return moment

    @api.model
    def _check_ledger(self, anchor=None):
        """Check the ledger of all cards in one query, and return the result."""
        start = time.monotonic()
        self.env.flush_all()
        self._raise_work_mem()
        last = self.search([("anchor_date", "!=", False)], limit=1)
        anchor = anchor or last.anchor_date or None
        [found] = self.env.execute_query_dict(
            engine.ledger_check_sql(last.anchor_date or None, anchor, MAX_LISTED_FAULTS)
        )
        faults = found["faults"] or []
        count = found["fault_count"]
        digest = found["last_digest"] or "0"
        # Former versions stored the digest rounded to a float.
        if last and (
            found["last_count"] != last.anchor_count
            or last.anchor_digest not in (digest, str(float(digest)))
        ):
            faults.append(
                {"kind": "anchor", "expected": last.anchor_count}
                | {"found": found["last_count"]}
            )
            count += 1
        check = self.create(
            {
                "state": "failed" if count else "ok",
                "card_count": found["card_count"],
                "entry_count": found["entry_count"],
                "fault_count": count,
                "fault_ids": [fields.Command.create(fault) for fault in faults],
                "seconds": time.monotonic() - start,
                "anchor_date": anchor,
                "anchor_count": found["new_count"],
                "anchor_digest": found["new_digest"] or "0",
            }
        )
        _logger.info(
            "Points ledger: %s entries of %s cards proved in %.1f s, %s faults",
            check.entry_count,
            check.card_count,
            check.seconds,
            check.fault_count,
        )
        return check

    @api.model
    def _raise_work_mem(self):
        """Raise work_mem for this transaction, so that the big joins fit in memory."""
        self.env.cr.execute(
            SQL(
                """
                SELECT set_config('work_mem', GREATEST(
                           pg_size_bytes(current_setting('work_mem')) / 1024, %s
                           )::text || 'kB', TRUE)
                """,
                WORK_MEM_KB,
            )
        )

    def _notify_managers(self):
        """Schedule an activity for each manager of points about a failed check."""
        for check in self.filtered(lambda check: check.state == "failed"):
            managers = self.env.ref("crm_loyalty.group_points_manager").all_user_ids
            for user in managers.filtered(lambda user: user.active and not user.share):
                if user._is_superuser():
                    continue
                translated = check.with_context(lang=user.lang)
                translated.activity_schedule(
                    "mail.mail_activity_data_warning",
                    summary=translated.env._("The points ledger has faults"),
                    note=translated.env._(
                        "%(count)s faults were found. Look at each card: who changed "
                        "its points past Odoo?",
                        count=check.fault_count,
                    ),
                    user_id=user.id,
                )


class CrmLoyaltyCheckFault(models.Model):
    """A fault that a check found on a card."""

    _name = "crm.loyalty.check.fault"
    _description = "Fault in the Points Ledger"
    _order = "id"

    check_id = fields.Many2one(
        comodel_name="crm.loyalty.check",
        required=True,
        index=True,
        ondelete="cascade",
    )
    card_id = fields.Many2one(
        comodel_name="loyalty.card", index="btree_not_null", ondelete="set null"
    )
    kind = fields.Selection(selection=FAULTS, required=True)
    expected = fields.Float(digits=(16, SCALE))
    found = fields.Float(digits=(16, SCALE))

    @api.depends("kind")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for fault in self:
            fault.display_name = kinds.get(fault.kind)
