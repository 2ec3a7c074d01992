import logging
import time

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import chain
from ..engine.ledger import SCALE

_logger = logging.getLogger(__name__)

FAULTS = [
    ("balance", "The balance is not the sum of the entries"),
    ("lots", "The lots, less what is owed, are not the balance"),
    ("remaining", "What is left of an award does not follow from what was spent"),
    ("chain", "Entries were changed, removed or slipped in"),
    ("anchor", "Entries differ from those of the last proof"),
]
# Faults that are listed one by one; all are counted.
LISTED = 200


class LoyaltyPointProof(models.Model):
    """One proof of the whole ledger, and what it found.

    Each proof notes a digest of all entries that nobody can be writing any more,
    and the next one computes it again: so even who changes an entry and seals
    the whole chain anew is found.
    """

    _name = "loyalty.point.proof"
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
        comodel_name="loyalty.point.proof.fault",
        inverse_name="proof_id",
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
        """Prove the ledger, and tell those in charge of it where that fails."""
        anchor = self._get_anchor_date()
        # The entries are read in a transaction that began after that moment.
        self.env["ir.cron"]._commit_progress(remaining=1)
        proof = self._prove(anchor)
        proof._alert()
        self.env["ir.cron"]._commit_progress(1)

    def action_prove(self):
        """Prove the ledger now, and show what came of it."""
        self.browse().check_access("create")
        # Cards of all companies are proved; who may start it sees the counts.
        proof = self.sudo()._prove()
        proof._alert()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": proof.id,
            "view_mode": "form",
        }

    @api.model
    def _get_anchor_date(self):
        """Return the moment before which nobody can be writing entries any more."""
        [[moment]] = self.env.execute_query(
            SQL(
                "SELECT date_trunc('second', LEAST(now(), MIN(xact_start)) "
                "AT TIME ZONE 'UTC') "
                "FROM pg_stat_activity WHERE datname = current_database()"
            )
        )
        return moment

    @api.model
    def _prove(self, anchor=None):
        """Prove the ledger of all cards in one query; return the proof."""
        start = time.monotonic()
        self.env.flush_all()
        last = self.search([("anchor_date", "!=", False)], limit=1)
        anchor = anchor or last.anchor_date or None
        [found] = self.env.execute_query_dict(
            self._get_proof_sql(last.anchor_date or None, anchor)
        )
        faults = found["faults"] or []
        count = found["fault_count"]
        digest = found["last_digest"] or "0"
        # Former versions noted the digest with as many digits as a float has.
        if last and (
            found["last_count"] != last.anchor_count
            or last.anchor_digest not in (digest, str(float(digest)))
        ):
            faults.append(
                {"kind": "anchor", "expected": last.anchor_count}
                | {"found": found["last_count"]}
            )
            count += 1
        proof = self.create(
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
            proof.entry_count,
            proof.card_count,
            proof.seconds,
            proof.fault_count,
        )
        return proof

    @api.model
    def _get_proof_sql(self, last_anchor, new_anchor):
        """Return the query that proves all cards, and gives one row."""
        return SQL(
            """
            WITH moved AS (
                SELECT id, SUM(points) AS points
                  FROM (SELECT entry_id AS id, points FROM loyalty_point_consumption
                         UNION ALL
                        SELECT award_id, -points FROM loyalty_point_consumption) AS m
              GROUP BY id),
            sealed AS (
                SELECT e.card_id, e.points, e.remaining, e.create_date,
                       ('x' || left(e.hash, 15))::bit(60)::bigint AS digest,
                       e.remaining = e.points + COALESCE(moved.points, 0)
                       AND (e.points > 0 OR e.remaining <= 0)
                       AND (e.points < 0 OR e.remaining >= 0) AS follows,
                       e.sequence = 1 + COALESCE(lag(e.sequence) OVER card, 0)
                       AND e.hash = %(seal)s AS intact
                  FROM loyalty_point_entry AS e
             LEFT JOIN moved ON moved.id = e.id
                WINDOW card AS (PARTITION BY e.card_id ORDER BY e.sequence)),
            totals AS (
                SELECT card_id, COUNT(*) AS entries, SUM(points) AS points,
                       SUM(remaining) AS remaining, bool_and(follows) AS follows,
                       bool_and(COALESCE(intact, FALSE)) AS intact,
                       COUNT(*) FILTER (WHERE create_date < %(last)s) AS last_count,
                       SUM(digest) FILTER (WHERE create_date < %(last)s) AS last_digest,
                       COUNT(*) FILTER (WHERE create_date < %(new)s) AS new_count,
                       SUM(digest) FILTER (WHERE create_date < %(new)s) AS new_digest
                  FROM sealed
              GROUP BY card_id),
            cards AS (
                SELECT COALESCE(c.id, t.card_id) AS card_id, t.entries, t.last_count,
                       t.last_digest, t.new_count, t.new_digest,
                       round(COALESCE(c.points, 0)::numeric, %(scale)s) AS balance,
                       COALESCE(t.points, 0) AS points,
                       COALESCE(t.remaining, 0) AS remaining,
                       COALESCE(t.follows, TRUE) AS follows,
                       COALESCE(t.intact, TRUE) AS intact
                  FROM loyalty_card AS c
             FULL JOIN totals AS t ON t.card_id = c.id),
            faults AS (
                SELECT c.card_id, fault.kind, fault.expected, fault.found
                  FROM cards AS c
            CROSS JOIN LATERAL (VALUES
                       ('balance', c.points, c.balance, c.points <> c.balance),
                       ('lots', c.points, c.remaining, c.points <> c.remaining),
                       ('remaining', NULL, NULL, NOT c.follows),
                       ('chain', NULL, NULL, NOT c.intact)
                       ) AS fault (kind, expected, found, is_fault)
                 WHERE fault.is_fault)
            SELECT COUNT(*) AS card_count,
                   COALESCE(SUM(entries), 0)::bigint AS entry_count,
                   COALESCE(SUM(last_count), 0)::bigint AS last_count,
                   SUM(last_digest)::text AS last_digest,
                   COALESCE(SUM(new_count), 0)::bigint AS new_count,
                   SUM(new_digest)::text AS new_digest,
                   (SELECT COUNT(*) FROM faults) AS fault_count,
                   (SELECT json_agg(row_to_json(f))
                      FROM (SELECT * FROM faults ORDER BY card_id, kind
                             LIMIT %(listed)s) AS f) AS faults
              FROM cards
            """,
            seal=chain.seal_columns_sql(
                SQL("COALESCE(lag(e.hash) OVER card, '')"), "e"
            ),
            scale=SCALE,
            last=last_anchor,
            new=new_anchor,
            listed=LISTED,
        )

    def _alert(self):
        """Tell all who configure points of a proof that failed, once each."""
        for proof in self.filtered(lambda proof: proof.state == "failed"):
            managers = self.env.ref("crm_loyalty.group_points_manager").all_user_ids
            for user in managers.filtered(lambda user: user.active and not user.share):
                if user._is_superuser():
                    continue
                proof.activity_schedule(
                    "mail.mail_activity_data_warning",
                    summary=self.env._("The points ledger has faults"),
                    note=self.env._(
                        "%(count)s faults were found. Look at each card: who changed "
                        "its points past Odoo?",
                        count=proof.fault_count,
                    ),
                    user_id=user.id,
                )


class LoyaltyPointProofFault(models.Model):
    """A card whose points could not be proved, and why."""

    _name = "loyalty.point.proof.fault"
    _description = "Fault in the Points Ledger"
    _order = "id"

    proof_id = fields.Many2one(
        comodel_name="loyalty.point.proof",
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
