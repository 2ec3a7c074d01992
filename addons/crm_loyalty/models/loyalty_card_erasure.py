"""Erasure of a member: texts are removed, points and the hash chain stay."""

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine import chain


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    def _erase_personal_data(self):
        """Remove the texts about the members from their cards and ledger.

        The caller checks whether the user may erase a person.
        """
        # Remove texts of all companies.
        cards = self.sudo()
        env = cards.env
        env.flush_all()
        on_cards = [("card_id", "in", cards.ids)]
        adjustments = env["crm.loyalty.adjustment"].search(on_cards)
        adjustments.write({"reason": self.env._("Erased")})
        env["loyalty.history"].search(on_cards).write(
            {"description": self.env._("Erased")}
        )
        self.env.flush_all()
        cards._erase_reasons()

    def _erase_reasons(self):
        """Remove the reasons from the entries, and compute their hashes again.

        The hash of an entry includes its reason. The chains must be intact before, so
        that a forged change of points does not get a valid hash. The digest of the last
        check is corrected by the difference, with a message.
        """
        rows = self._read_hashed_entries()
        before, after = {}, {}
        hashes = {}
        for row in rows:
            previous = hashes.get(
                row["card_id"], (chain.INITIAL_HASH, chain.INITIAL_HASH)
            )
            if chain.compute_hash(previous[0], row) != row["hash"]:
                raise UserError(
                    self.env._(
                        "The points of %(card)s were changed past the ledger. Prove "
                        "the ledger and clear that up first, then erase the person.",
                        card=self.browse(row["card_id"]).display_name,
                    )
                )
            new_hash = chain.compute_hash(previous[1], {**row, "reason": None})
            hashes[row["card_id"]] = row["hash"], new_hash
            before[row["id"]], after[row["id"]] = row["hash"], new_hash
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_loyalty_entry AS e SET reason = NULL, hash = v.hash
                  FROM unnest(%s::int[], %s::text[]) AS v (id, hash)
                 WHERE e.id = v.id
                """,
                list(after),
                list(after.values()),
            )
        )
        self.env["crm.loyalty.entry"].invalidate_model()
        self.env["crm.loyalty.check"]._replace_hashes(
            {row["id"]: row["create_date"] for row in rows}, before, after
        )

    def _read_hashed_entries(self):
        """Return the hashed columns of the cards' entries, in order."""
        return self.env.execute_query_dict(
            SQL(
                """
                SELECT e.id, e.hash, %s, round(e.points * 10000)::bigint AS points,
                       round(COALESCE(e.waived, 0) * 10000)::bigint AS waived
                  FROM crm_loyalty_entry AS e
                  JOIN loyalty_card AS c ON c.id = e.card_id
                 WHERE c.id = ANY(%s)
                 ORDER BY e.card_id, e.sequence
                   FOR NO KEY UPDATE OF c
                """,
                SQL(", ").join(
                    SQL.identifier("e", name)
                    for name in chain.HASHED_COLUMNS
                    if name not in ("points", "waived")
                ),
                self.ids,
            )
        )


class CrmLoyaltyCheck(models.Model):
    _inherit = "crm.loyalty.check"

    def _replace_hashes(self, dates, before, after):
        """Correct the digest of the last check for entries with a new hash."""
        last = self.search([("anchor_date", "!=", False)], limit=1)
        inside = [
            row for row, date in dates.items() if last and date < last.anchor_date
        ]
        if not inside:
            return
        if not last.anchor_digest.isdigit():
            # A former version rounded the digest: the next check starts from scratch.
            self.search([("anchor_date", "!=", False)]).anchor_date = False
            return
        change = sum(
            _get_digest_part(after[row]) - _get_digest_part(before[row])
            for row in inside
        )
        last.anchor_digest = str(int(last.anchor_digest) + change)
        last.message_post(
            body=self.env._(
                "A person was erased: %(count)s entries were sealed anew without their "
                "reasons. Points and days are the same.",
                count=len(inside),
            )
        )


def _get_digest_part(new_hash):
    """Return the value of a hash in the digest, as in the SQL of the check."""
    return int(new_hash[:15], 16)
