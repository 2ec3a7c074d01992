import csv
import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine import history
from ..engine.ledger import MAX_BALANCE, SCALE

KINDS = [
    ("earn", "Earned"),
    ("burn", "Spent"),
    ("expire", "Expired"),
    ("adjust", "Adjusted"),
    ("reverse", "Taken back"),
    ("bonus", "Bonus"),
    ("transfer", "Transferred"),
    ("opening", "Opening balance"),
]
DIGITS = (16, SCALE)
# Fields of entries that customers may read on the portal and by RPC: no reasons or
# names of employees, and no hash. New fields are not readable unless listed here.
PORTAL_FIELDS = {
    "id",
    "display_name",
    "card_id",
    "date",
    "kind",
    "points",
    "description",
    "available_date",
    "expiration_date",
}


class CrmLoyaltyEntry(models.Model):
    """A change of the points of a card, with its reason. Append-only.

    Only `loyalty.card._post_many` adds entries. An entry that awards points is also a
    lot, of which `remaining` and the days are updated.
    """

    _name = "crm.loyalty.entry"
    _description = "Points Entry"
    _order = "id desc"
    _rec_name = "reason"

    card_id = fields.Many2one(
        comodel_name="loyalty.card", required=True, ondelete="restrict"
    )
    program_id = fields.Many2one(
        comodel_name="loyalty.program", required=True, ondelete="restrict"
    )
    partner_id = fields.Many2one(
        comodel_name="res.partner",
        string="Customer",
        index="btree_not_null",
        ondelete="set null",
    )
    company_id = fields.Many2one(comodel_name="res.company", ondelete="restrict")
    sequence = fields.Integer(
        string="Number", required=True, aggregator=None, help="Counted on each card."
    )
    kind = fields.Selection(selection=KINDS, required=True)
    points = fields.Float(digits=DIGITS, required=True)
    waived = fields.Float(
        digits=DIGITS,
        help="Points that were to be taken back and could not be, since the customer "
        "had spent them, or since they had expired.",
    )
    earning = fields.Json(
        string="Earned by",
        readonly=True,
        help="How the points were earned: what each line of the order earned, and what "
        "the rules of the programme said on that day.",
    )
    date = fields.Date(required=True)
    key = fields.Char(help="What is posted under a key is posted once on a card.")
    source_model = fields.Char()
    source_id = fields.Many2oneReference(string="Document", model_field="source_model")
    origin_id = fields.Many2one(
        comodel_name="crm.loyalty.entry",
        string="Takes Back",
        index="btree_not_null",
        ondelete="restrict",
        help="The entry that this one takes back, wholly or in part.",
    )
    reason = fields.Char()
    description = fields.Char(
        compute="_compute_description",
        compute_sudo=True,
        help="What the customer reads of the entry, on the portal and on statements.",
    )
    user_id = fields.Many2one(
        comodel_name="res.users", string="By", ondelete="restrict"
    )
    manual_user_id = fields.Many2one(
        comodel_name="res.users",
        string="Given by Hand by",
        ondelete="restrict",
        help="The entry counts against this user's limit of points by hand.",
    )
    available_date = fields.Date(
        string="Available from", help="Empty on an award: not known yet."
    )
    expiration_date = fields.Date(string="Expires", help="The last day to spend them.")
    remaining = fields.Float(
        digits=DIGITS,
        help="Points that are left of an award; below zero: points that are owed.",
    )
    reminded = fields.Integer(
        aggregator=None, help="The number of days for which was reminded last."
    )
    hash = fields.Char(readonly=True)
    consumed_ids = fields.One2many(
        comodel_name="crm.loyalty.consumption",
        inverse_name="entry_id",
        string="Consumes",
    )
    consumer_ids = fields.One2many(
        comodel_name="crm.loyalty.consumption",
        inverse_name="award_id",
        string="Consumed by",
    )
    state = fields.Selection(
        selection=[
            ("pending", "Pending"),
            ("open", "Available"),
            ("expired", "Expired"),
            ("used", "Used up"),
            ("debt", "Owed"),
        ],
        compute="_compute_state",
        help="What has become of the points of an award.",
    )

    _number_unique = models.UniqueIndex(
        "(card_id, sequence)", "The entries of a card are numbered."
    )
    _key_unique = models.UniqueIndex(
        "(card_id, key) WHERE key IS NOT NULL", "This was posted on the card already."
    )
    _manual_idx = models.Index(
        "(card_id, manual_user_id, date) WHERE manual_user_id IS NOT NULL"
    )
    # An entry of a former version may have more points, if none of them remain.
    _points_bounds = models.Constraint(
        f"CHECK (points <> 'NaN' AND abs(COALESCE(remaining, 0)) <= {MAX_BALANCE} "
        f"AND (abs(points) <= {MAX_BALANCE} OR COALESCE(remaining, 0) = 0))",
        "An entry has at most 10,000,000,000 points.",
    )
    _open_idx = models.Index("(card_id) WHERE remaining <> 0")
    _expiry_idx = models.Index("(expiration_date) WHERE remaining > 0")
    _source_idx = models.Index("(source_model, source_id)")

    @api.depends("points", "remaining", "available_date", "expiration_date")
    def _compute_state(self):
        for entry in self:
            # The day does not depend on access to companies.
            day = entry.sudo().program_id._get_loyalty_today()
            entry.state = entry._get_state(day)

    def _get_state(self, day):
        self.ensure_one()
        if self.remaining < 0:
            return "debt"
        if self.points <= 0:
            return False
        if not self.remaining:
            return "used"
        if self.expiration_date and self.expiration_date < day:
            return "expired"
        if not self.available_date or self.available_date > day:
            return "pending"
        return "open"

    @api.depends("kind", "reason", "points")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for entry in self:
            entry.display_name = f"{kinds.get(entry.kind)} {entry.points:+g}"

    @api.depends("kind", "reason", "source_model", "source_id")
    @api.depends_context("lang")
    def _compute_description(self):
        texts = self._get_statement_texts()
        for entry in self:
            entry.description = texts[entry]

    def _has_field_access(self, field, operation):
        user = self.env.user
        if not self.env.su and (user._is_portal() or user._is_public()):
            return field.name in PORTAL_FIELDS and operation == "read"
        return super()._has_field_access(field, operation)

    # ------------------------------------------------------------
    # Append only
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise UserError(
            self.env._(
                "The points ledger is written by postings alone. Adjust the points of "
                "the card instead."
            )
        )

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(
            self.env._(
                "The points ledger can't be changed. An entry that was wrong is put "
                "right by another entry."
            )
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The points ledger can't be deleted."))

    def _store_earning(self, values):
        """Store what earned the points, where a former version did not.

        Use SQL, because the ORM refuses to write the ledger. It is not part of the
        hash.
        """
        self.env.cr.execute(
            SQL(
                "UPDATE crm_loyalty_entry SET earning = %s WHERE id = ANY(%s)",
                json.dumps(values),
                self.ids,
            )
        )
        self.invalidate_recordset(["earning"], flush=False)

    # ------------------------------------------------------------
    # Export
    # ------------------------------------------------------------

    @api.model
    def _get_history_rows(self):
        """Return the ledger as rows of Odoo 20's `loyalty.history`, see its engine.

        A dict by field for each row, of all cards that the user may read, archived
        ones too. On each card ``issued`` less ``used`` is the balance. Raises
        AccessError for users who may not read the ledger with its lots.
        """
        self.browse().check_access("read")
        self.env["crm.loyalty.consumption"].browse().check_access("read")
        self.env.flush_all()
        cards = self.env["loyalty.card"].with_context(active_test=False)._search([])
        labels = dict(self._fields["kind"]._description_selection(self.env))
        return self.env.execute_query_dict(
            history.get_rows(cards.subselect(), json.dumps(labels))
        )

    @api.model
    def _write_history(self, file):
        """Write the rows as a CSV file that Odoo 20 imports; return their number."""
        rows = self._get_history_rows()
        writer = csv.writer(file)
        writer.writerow(history.COLUMNS.values())
        writer.writerows([row[name] for name in history.COLUMNS] for row in rows)
        return len(rows)
