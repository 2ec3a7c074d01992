from odoo import api, models
from odoo.tools import SQL, email_normalize


class PrivacyLookupWizard(models.TransientModel):
    """Make the privacy lookup find the personal data of the lifecycle.

    Odoo skips references that are deleted in cascade with the contact, and records that
    are linked to the contact only through another record.
    """

    _inherit = "privacy.lookup.wizard"

    def _get_query(self):
        query = super()._get_query()
        for model, condition in self._get_lifecycle_conditions().items():
            query = SQL(
                """
                %(query)s
                UNION ALL
                SELECT %(model)s AS res_model_id, id AS res_id, %(active)s AS is_active
                  FROM %(table)s
                 WHERE %(condition)s
                """,
                query=query,
                model=self.env["ir.model"]._get_id(model),
                active=SQL("active" if "active" in self.env[model]._fields else "TRUE"),
                table=SQL.identifier(self.env[model]._table),
                condition=condition,
            )
        return query

    @api.model
    def _get_lead_sql(self):
        """SQL of the leads of the person that have no contact yet."""
        return SQL(
            "SELECT id FROM crm_lead WHERE email_normalized = %s "
            "OR contact_name ILIKE %s",
            email_normalize(self.email.strip()),
            self.name.strip(),
        )

    def _get_lifecycle_conditions(self):
        """Return ``{model: SQL condition}`` of records that Odoo's lookup misses.

        Extension point. ``indirect_references`` has the ids of the contacts.
        """
        leads = self._get_lead_sql()
        profiles = SQL(
            "SELECT id FROM crm_lifecycle_profile WHERE partner_id IN "
            "(SELECT id FROM indirect_references) OR lead_id IN (%s)",
            leads,
        )
        found = {
            "crm.lifecycle.profile": SQL("id IN (%s)", profiles),
            # Odoo finds those of the contact.
            "crm.lifecycle.history": SQL(
                "lead_id IN (%s) AND partner_id IS NULL", leads
            ),
            "crm.lifecycle.playbook.log": SQL("profile_id IN (%s)", profiles),
        }
        if "crm.lifecycle.visit" in self.env:
            found["crm.lifecycle.visit"] = SQL("profile_id IN (%s)", profiles)
        if "crm.lifecycle.risk.case" in self.env:
            # Odoo finds those of the contact.
            found["crm.lifecycle.risk.case"] = SQL(
                "profile_id IN (%s) AND partner_id IS NULL", profiles
            )
        if "crm.loyalty.adjustment" in self.env:
            cards = SQL(
                "card_id IN (SELECT id FROM loyalty_card WHERE partner_id IN "
                "(SELECT id FROM indirect_references))"
            )
            found["crm.loyalty.adjustment"] = cards
            found["loyalty.history"] = cards
        return found


class PrivacyLookupWizardLine(models.TransientModel):
    _inherit = "privacy.lookup.wizard.line"

    def action_unlink(self):
        """Anonymise the person if a record can't be deleted without changing sums."""
        self.ensure_one()
        profile = self._get_lifecycle_profile()
        if not profile or self.is_unlinked:
            return super().action_unlink()
        if not profile.erased_date:
            profile._erase()
        self.execution_details = self.env._(
            "Anonymised %(model)s #%(id)s", model=self.res_model_id.name, id=self.res_id
        )
        self.is_unlinked = True
        return None

    def _get_lifecycle_profile(self):
        """Return the profile that a record of the lifecycle or ledger belongs to."""
        # `sudo()`: the administrator's lookup covers all companies.
        profiles = self.env["crm.lifecycle.profile"].sudo()
        profiles = profiles.with_context(active_test=False)
        record = self.env[self.res_model].sudo().browse(self.res_id).exists()
        if self.res_model == profiles._name:
            return profiles.browse(record.ids)
        if self.res_model in PROFILE_MODELS:
            return profiles.browse(record.profile_id.ids)
        if self.res_model in LEDGER_MODELS:
            partner = record[LEDGER_MODELS[self.res_model]].partner_id
            return profiles.search([("partner_id", "parent_of", partner.ids)], limit=1)
        return profiles.browse()


# Records of the lifecycle, which count in its sums. They have a profile.
PROFILE_MODELS = (
    "crm.lifecycle.history",
    "crm.lifecycle.risk.case",
    "crm.lifecycle.playbook.log",
    "crm.lifecycle.visit",
)
# Records of the points ledger, kept for its sums. They have a card.
LEDGER_MODELS = {
    "crm.loyalty.entry": "card_id",
    "crm.loyalty.adjustment": "card_id",
    "crm.loyalty.tier.history": "card_id",
}
