from odoo import models
from odoo.tools import SQL, email_normalize
from odoo.tools.sql import column_exists

from ..erasure.finder import Finder

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


class PrivacyLookupWizard(models.TransientModel):
    """Make the privacy lookup find the personal data of the lifecycle.

    Odoo skips references that are deleted in cascade with the contact, and records that
    are linked to the contact only through another record.
    """

    _inherit = "privacy.lookup.wizard"

    def _get_query(self):
        query = super()._get_query()
        finder = self._find_lifecycle_persons()
        # Those that Odoo leaves out, but for messages on the records of the person.
        left_out = {*self._get_query_models_blacklist()} - {"mail.message"}
        listed = {*PROFILE_MODELS, *LEDGER_MODELS, "crm.lifecycle.profile"}
        names = {
            model.name: self.env["ir.model"]._get_id(model.name)
            for model in finder.models
            if model.name in listed
            or (model.name not in left_out and not model.is_technical)
        }
        active = SQL(" ").join(
            SQL(
                "WHEN %s THEN "
                "EXISTS (SELECT FROM %s AS t WHERE t.id = r.id AND t.active)",
                name,
                SQL.identifier(self.env[name]._table),
            )
            for name in names
            if column_exists(self.env.cr, self.env[name]._table, "active")
        )
        return SQL(
            """
            %(query)s
            UNION
            SELECT m.model_id, r.id, CASE r.model %(active)s ELSE TRUE END
              FROM privacy_record AS r
              JOIN unnest(%(names)s::text[], %(ids)s::int[]) AS m (model, model_id)
             USING (model)
            """,
            query=query,
            active=active,
            names=list(names),
            ids=list(names.values()),
        )

    def _find_lifecycle_persons(self):
        """Return a `Finder` of the persons with this name or email."""
        # sudo: the administrator's lookup covers all companies.
        env = self.env(su=True)
        email = email_normalize(self.email.strip())
        name = self.name.strip()
        partners = env["res.partner"].with_context(active_test=False)
        leads = env["crm.lead"].with_context(active_test=False)
        return Finder(env).find(
            partners.search(
                ["|", ("email_normalized", "=", email), ("name", "ilike", name)]
            ),
            leads.search(
                [
                    ("partner_id", "=", False),
                    *("|", ("email_normalized", "=", email)),
                    ("contact_name", "ilike", name),
                ]
            ),
        )


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
