from odoo import api, fields, models

from .crm_loyalty_bounded_mixin import FIRST_DAY, LAST_DAY, check_values

BIRTHDATE_BOUNDS = {"crm_loyalty_birthdate": (FIRST_DAY, LAST_DAY)}


class ResPartner(models.Model):
    _inherit = "res.partner"

    crm_loyalty_birthdate = fields.Date(
        string="Date of birth",
        groups="base.group_user",
        help="For a bonus on birthdays, where no other application keeps it.",
    )

    _loyalty_birthdate_bounds = models.Constraint(
        "CHECK (crm_loyalty_birthdate BETWEEN '1900-01-01' AND '2199-12-31')",
        "A date of birth is from 1900 to 2199.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            check_values(self, vals, BIRTHDATE_BOUNDS)
        return super().create(vals_list)

    def write(self, vals):
        check_values(self, vals, BIRTHDATE_BOUNDS)
        return super().write(vals)

    def _get_tier_pricelists(self):
        """Return the pricelists of the customers' tiers in the current company.

        A contact without a tier of its own has the pricelist of its commercial
        partner. If a customer has several tiers, the first program decides, then the
        highest tier.
        """
        if not self.env["loyalty.program"]._get_tier_program_ids():
            return {}
        customers = {
            partner.id: (partner._origin.id, partner.commercial_partner_id._origin.id)
            for partner in self
        }
        # Users who create orders need the prices, even if they can't read cards.
        cards = (
            self.env["loyalty.card"]
            .sudo()
            .search(
                [
                    (
                        "partner_id",
                        "in",
                        list({i for ids in customers.values() for i in ids}),
                    ),
                    ("crm_loyalty_tier_id.pricelist_id.active", "=", True),
                    (
                        "crm_loyalty_tier_id.pricelist_id.company_id",
                        "in",
                        [False, self.env.company.id],
                    ),
                    ("program_id.company_id", "in", [False, self.env.company.id]),
                    ("program_id.active", "=", True),
                ]
            )
            .sorted(
                lambda card: (
                    card.program_id.sequence,
                    -card.crm_loyalty_tier_id.threshold,
                )
            )
        )
        pricelists = {}
        for card in reversed(cards):
            pricelists[card.partner_id.id] = card.crm_loyalty_tier_id.pricelist_id.sudo(
                False
            )
        found = {
            partner_id: next((pricelists[i] for i in ids if i in pricelists), None)
            for partner_id, ids in customers.items()
        }
        return {key: pricelist for key, pricelist in found.items() if pricelist}
