from datetime import date

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..engine.ledger import MAX_BALANCE, OpenEntry, to_points, to_units
from .crm_loyalty_bounded_mixin import FIRST_DAY

# Fields of cards that customers may read by RPC: those that the portal shows. New
# fields are not readable unless listed here.
PORTAL_FIELDS = {
    "id",
    "display_name",
    "active",
    "code",
    "company_id",
    "currency_id",
    "crm_loyalty_date_needed",
    "crm_loyalty_entry_ids",
    "expiration_date",
    "crm_loyalty_member_since",
    "crm_loyalty_next_tier_id",
    "partner_id",
    "point_name",
    "points",
    "crm_loyalty_points_available",
    "crm_loyalty_points_debt",
    "points_display",
    "crm_loyalty_points_expiring",
    "crm_loyalty_points_expiring_date",
    "crm_loyalty_points_locked",
    "crm_loyalty_points_needed",
    "crm_loyalty_points_pending",
    "program_id",
    "program_type",
    "crm_loyalty_qualifying_points",
    "crm_loyalty_qualifying_spend",
    "crm_loyalty_spend_needed",
    "crm_loyalty_tier_basis",
    "crm_loyalty_tier_id",
    "crm_loyalty_tier_keep_needed",
    "crm_loyalty_tier_period_end",
    "crm_loyalty_tier_progress",
    "crm_loyalty_tier_since",
    "crm_loyalty_tier_until",
}


class LoyaltyCard(models.Model):
    """A card with a ledger of its points.

    `points` stays Odoo's field, which any code may read and write. `create` and
    `write` post an entry for each change; the code of the ledger posts first
    (`_post_many`).
    """

    _name = "loyalty.card"
    _inherit = ["loyalty.card", "crm.loyalty.bounded.mixin"]

    crm_loyalty_entry_ids = fields.One2many(
        comodel_name="crm.loyalty.entry", inverse_name="card_id", string="Ledger"
    )
    crm_loyalty_lot_ids = fields.One2many(
        comodel_name="crm.loyalty.entry",
        inverse_name="card_id",
        string="Lots",
        domain=[("remaining", "!=", 0)],
    )
    crm_loyalty_points_available = fields.Float(
        string="Available Points",
        compute="_compute_points_state",
        compute_sudo=True,
        help="Points that can be spent today.",
    )
    crm_loyalty_points_pending = fields.Float(
        string="Pending Points",
        compute="_compute_points_state",
        compute_sudo=True,
        help="Points that were earned and can't be spent yet.",
    )
    crm_loyalty_points_locked = fields.Float(
        string="Points Locked",
        compute="_compute_points_state",
        compute_sudo=True,
        help="Points of the balance that can't be spent today.",
    )
    crm_loyalty_points_debt = fields.Float(
        string="Owed Points",
        compute="_compute_points_state",
        compute_sudo=True,
        help="Points that were taken back after they had been spent.",
    )
    crm_loyalty_points_expiring = fields.Float(
        string="Expiring Points",
        compute="_compute_points_state",
        compute_sudo=True,
    )
    crm_loyalty_points_expiring_date = fields.Date(
        string="Next Expiry", compute="_compute_points_state", compute_sudo=True
    )

    _points_bounds = models.Constraint(
        f"CHECK (points BETWEEN -{MAX_BALANCE} AND {MAX_BALANCE})",
        "A card has at most 10,000,000,000 points.",
    )

    @api.model
    def _get_bounds(self):
        return {
            **super()._get_bounds(),
            "points": (-MAX_BALANCE, MAX_BALANCE),
            # A field of Odoo; nothing is computed from it.
            "expiration_date": (FIRST_DAY, date(9999, 12, 31)),
            "crm_loyalty_qualifying_spend": (-1e15, 1e15),
            "crm_loyalty_qualifying_points": (-1e15, 1e15),
            "crm_loyalty_tier_keep_needed": (-1e15, 1e15),
        }

    @api.depends("points")
    def _compute_points_state(self):
        self.crm_loyalty_points_available = self.crm_loyalty_points_pending = (
            self.crm_loyalty_points_debt
        ) = 0
        self.crm_loyalty_points_expiring = self.crm_loyalty_points_locked = 0
        self.crm_loyalty_points_expiring_date = False
        days = {card: card.program_id._get_loyalty_today() for card in self}
        for card, rows in self._get_open_entries().items():
            day = days[card]
            card.crm_loyalty_points_pending = to_points(
                sum(r.open for r in rows if r.open > 0 and r.is_pending(day))
            )
            card.crm_loyalty_points_debt = to_points(
                -sum(r.open for r in rows if r.open < 0)
            )
            card.crm_loyalty_points_locked = to_points(
                sum(r.open for r in rows if r.open > 0 and not r.is_spendable(day))
            )
            spendable = [row for row in rows if row.is_spendable(day)]
            available = sum(r.open for r in spendable) - to_units(
                card.crm_loyalty_points_debt
            )
            card.crm_loyalty_points_available = to_points(max(available, 0))
            dated = [row for row in spendable if row.expires]
            if dated:
                next_date = min(row.expires for row in dated)
                card.crm_loyalty_points_expiring_date = next_date
                card.crm_loyalty_points_expiring = to_points(
                    sum(r.open for r in dated if r.expires == next_date)
                )

    # ------------------------------------------------------------
    # Changes of points
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Post an opening entry on cards that are created with points."""
        self._check_new_tiers(vals_list)
        for vals in vals_list:
            self._check_bounds(vals)
        vals_list = [self._round_points(vals) for vals in vals_list]
        if not self.env.su:
            # Only merges set it. Override defaults, which the client may send.
            vals_list = [
                {**vals, "crm_loyalty_merged_into_id": False} for vals in vals_list
            ]
        cards = super().create(vals_list)
        changes = {card: to_units(card.points) for card in cards if card.points}
        if changes:
            self._change_points(changes, kind="opening")
        return cards

    def write(self, vals):
        """Post an entry if any code changes the points."""
        self._check_tier_values(vals)
        if "crm_loyalty_merged_into_id" in vals and not self.env.su:
            raise AccessError(
                self.env._("Which card another was merged into is noted by merges.")
            )
        self._check_reassignment(vals)
        if "points" not in vals:
            return super().write(vals)
        self._check_bounds(vals)
        vals = self._round_points(vals)
        changes = {
            card: to_units(vals["points"]) - to_units(card.points) for card in self
        }
        self._change_points(changes)
        return super().write(vals)

    def unlink(self):
        """Archive cards with a ledger instead of deleting them."""
        if not self:
            return super().unlink()
        self._clear_preloaded()
        used = self.browse(
            card_id
            for [card_id] in self.env.execute_query(
                SQL(
                    "SELECT DISTINCT card_id FROM crm_loyalty_entry "
                    "WHERE card_id = ANY(%s)",
                    self.ids,
                )
            )
        )
        if used:
            self.check_access("unlink")
            # A user who may delete cards may also archive them.
            used.sudo().action_archive()
        return super(LoyaltyCard, self - used).unlink()

    @api.model
    def _round_points(self, vals):
        """Return the values with points rounded to the digits of the ledger."""
        if "points" not in vals:
            return vals
        return {**vals, "points": to_points(to_units(vals["points"]))}

    def _change_points(self, changes, kind=None):
        """Post the changes that other code writes into ``points``.

        ``changes`` maps cards to units. Inside `_collect_points`, the end of the block
        posts them, because the block knows their reason.
        """
        collector = self._get_points_collector()
        if collector:
            collector.add(changes)
            return
        changes = {card: units for card, units in changes.items() if units}
        if not changes:
            return
        by_code = self.env.su
        if not by_code:
            self._check_may_adjust(changes)
        reason = self.env.context.get("loyalty_reason")
        manual_user = None if by_code else self.env.user
        if not by_code and not reason and not kind:
            reason = self.env._("Changed directly, for example by an import")
        posting = self._run_posting(
            [
                {
                    "card": card,
                    "points": to_points(units),
                    "kind": kind
                    or ("adjust" if not by_code else "earn" if units > 0 else "burn"),
                    "reason": reason,
                    "manual_user": manual_user,
                    "unchecked": True,
                }
                for card, units in changes.items()
            ]
        )
        self._finish_posting(posting)

    @api.model
    def _set_points(self, changes):  # pylint: disable=missing-return
        """Add posted units to the points of cards, without posting them again.

        ``changes`` maps card ids to units.
        """
        # Access was checked before posting, and the entries have the user.
        for card in self.sudo().browse(card_id for card_id in changes):
            units = changes[card.id]
            if units:
                points = to_points(to_units(card.points) + units)
                # pylint: disable-next=super-method-mismatch
                super(LoyaltyCard, card).write({"points": points})

    def _get_open_entries(self):
        """Return ``{card: lots and debts}``."""
        rows = {card: [] for card in self}
        preloaded = self._get_preloaded_accounts()
        for card in self:
            if card.id in preloaded:
                rows[card] += sorted(
                    preloaded[card.id].rows.values(), key=lambda r: r.id
                )
        others = [card_id for card_id in self._ids if card_id not in preloaded]
        if not others:
            return rows
        self.env["crm.loyalty.entry"].flush_model(["remaining"])
        for card_id, entry_id, units, available, expires in self.env.execute_query(
            SQL(
                """
                SELECT card_id, id, round(remaining * 10000)::bigint,
                       available_date, expiration_date
                  FROM crm_loyalty_entry
                 WHERE card_id = ANY(%s) AND remaining <> 0
              ORDER BY card_id, id
                """,
                others,
            )
        ):
            row = OpenEntry(entry_id, units, available, expires)
            rows[self.browse(card_id)].append(row)
        return rows

    # ------------------------------------------------------------
    # Access
    # ------------------------------------------------------------

    def _has_field_access(self, field, operation):
        user = self.env.user
        if not self.env.su and (user._is_portal() or user._is_public()):
            return field.name in PORTAL_FIELDS and operation == "read"
        return super()._has_field_access(field, operation)

    def _check_may_adjust(self, changes):
        """Check that the user may change points by hand, and within the limit."""
        if not self.env.user.has_group("crm_loyalty.group_points_adjuster"):
            raise AccessError(
                self.env._(
                    "Points are changed by orders, or by an adjustment with a reason. "
                    "You may not adjust points: ask somebody with the role “Adjust "
                    "points”."
                )
            )
        self._check_within_limit(changes)

    def _check_reassignment(self, vals):
        """Refuse to move points to another customer or program by editing a card.

        Users who may adjust points can do so within their approval limit.
        """
        if self.env.su or self._get_points_collector():
            return
        moved = self.filtered(
            lambda card: (
                card.points
                and (
                    self._is_reassigned(card, vals)
                    or "program_id" in vals
                    and card.program_id.id != vals["program_id"]
                )
            )
        )
        if not moved:
            return
        if not self.env.user.has_group("crm_loyalty.group_points_adjuster"):
            card = moved[0]
            raise AccessError(
                self.env._(
                    "“%(card)s” belongs to %(customer)s and has points. Only who "
                    "may adjust points can give it to somebody else.",
                    card=card.display_name,
                    customer=card.partner_id.display_name or card.code,
                )
            )
        self._check_within_limit({card: to_units(card.points) for card in moved})

    @api.model
    def _is_reassigned(self, card, vals):
        owner = card.partner_id
        return (
            "partner_id" in vals
            and owner
            and owner.active
            and owner.id != vals["partner_id"]
            and card.program_id.is_nominative
        )
