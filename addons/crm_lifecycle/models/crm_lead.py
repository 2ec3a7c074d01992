from odoo import api, models
from odoo.tools import SQL

from ..access import is_readable
from ..fields import Date
from .crm_lifecycle_source import watermark_index
from .crm_lifecycle_source_lead import CLOSED, get_lead_company


class CrmLead(models.Model):
    """A lead has its own profile until it gets a customer."""

    _name = "crm.lead"
    _inherit = [
        "crm.lifecycle.owner.mixin",
        "crm.lead",
        "crm.lifecycle.profile.mixin",
    ]

    _lifecycle_owner_fields = frozenset({"partner_id", "company_id", "user_id"})
    _lifecycle_written_idx = watermark_index(f"write_date, create_date, ({CLOSED})")

    # Partial index: few leads have an objection.
    lifecycle_objection_date = Date(index="btree_not_null")

    def _get_lifecycle_profiles(self, Profile):
        if not is_readable(Profile):
            return {}
        # sudo: the commercial partner identifies the profile; it is not shown.
        customers = {
            lead: lead.sudo().partner_id.commercial_partner_id for lead in self
        }
        partner_ids = {customer.id for customer in customers.values() if customer}
        found = Profile.with_context(active_test=False).search_fetch(
            [
                ("company_id", "=", self.env.company.id),
                "|",
                ("lead_id", "in", self.ids),
                ("partner_id", "in", list(partner_ids)),
            ],
            ["partner_id", "lead_id", *self._get_profile_field_names()],
        )
        by_partner = {p.partner_id.id: p for p in found if p.partner_id}
        by_lead = {p.lead_id.id: p for p in found if p.lead_id}
        return {
            lead: by_partner.get(customers[lead].id) or by_lead.get(lead._origin.id)
            for lead in self
        }

    def _join_lifecycle_profile(self, alias, query):
        customer = query.make_alias(alias, "lifecycle_customer")
        if customer not in query._joins:
            query.add_join(
                "LEFT JOIN",
                customer,
                "res_partner",
                SQL(
                    "%s = %s",
                    SQL.identifier(customer, "id"),
                    SQL.identifier(alias, "partner_id"),
                ),
            )
        return [
            self._join_one_lifecycle_profile(
                alias,
                "lifecycle_profile",
                query,
                lambda profile: SQL(
                    "%s.partner_id = %s",
                    profile,
                    SQL.identifier(customer, "commercial_partner_id"),
                ),
            ),
            self._join_one_lifecycle_profile(
                alias,
                "lifecycle_own_profile",
                query,
                lambda profile: SQL(
                    "%s.lead_id = %s", profile, SQL.identifier(alias, "id")
                ),
            ),
        ]

    def _get_lifecycle_subject_condition(self, alias, select):
        return SQL(
            """
            (%(lead)s IN (%(leads)s) OR COALESCE(%(partner)s IN (
                SELECT id FROM res_partner
                 WHERE commercial_partner_id IN (%(partners)s)), FALSE))
            """,
            lead=SQL.identifier(alias, "id"),
            partner=SQL.identifier(alias, "partner_id"),
            leads=select("lead_id"),
            partners=select("partner_id"),
        )

    # ------------------------------------------------------------
    # Changes for the runs
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        leads = super().create(vals_list)
        leads._mark_lifecycle_pending(trigger=True)
        return leads

    def write(self, vals):
        former = {}
        if "partner_id" in vals:
            # sudo: the customers are compared, not shown.
            former = {
                lead: lead.sudo().partner_id.commercial_partner_id for lead in self
            }
        result = super().write(vals)
        self._leave_customers(former)
        if vals.get("partner_id"):
            self._convert_lifecycle()
        return result

    def unlink(self):
        """Delete the lead's own profile; its history stays."""
        self._mark_lifecycle_pending()
        self._get_own_profiles().unlink()
        self.env["crm.lifecycle.history"]._clear_references("lead_id", self)
        return super().unlink()

    def _handle_won_lost(self, old_status_by_lead, new_status_by_lead):
        """Trigger a run within a minute: a won or lost lead may move its customer."""
        changed = self.filtered(
            lambda lead: (
                old_status_by_lead.get(lead.id)
                and old_status_by_lead[lead.id] != new_status_by_lead.get(lead.id)
            )
        )
        changed._mark_lifecycle_pending(trigger=True)
        return super()._handle_won_lost(old_status_by_lead, new_status_by_lead)

    def _merge_dependences(self, opportunities):
        """Move the profiles and history of the merged leads to this one."""
        result = super()._merge_dependences(opportunities)
        # sudo: any user who may merge the leads may merge their profiles.
        profiles = opportunities.sudo()._get_own_profiles()
        customer = self.sudo().partner_id  # the customer of the merged leads
        for profile in profiles:
            head = self._get_own_profiles().filtered(
                lambda item, company=profile.company_id: item.company_id == company
            )
            if customer:
                profile.with_env(self.env)._lifecycle_convert(
                    customer, origin="merge", document=self
                )
            elif head:
                head.with_env(self.env)._merge_from(profile, document=self)
            else:
                profile._reassign({"lead_id": self.id})
                profile._mark_pending()
        return result

    def _get_own_profiles(self):
        """Return the profiles of these leads, without those of their customers."""
        # sudo: any user who may change the lead also changes its profile.
        Profile = self.env["crm.lifecycle.profile"].sudo()
        return Profile.with_context(active_test=False).search(
            [("lead_id", "in", self.ids)]
        )

    def _leave_customers(self, former):
        """Take what the leads brought to their former customers back from them.

        :param former: ``{lead: commercial partner}`` before the change
        """
        # sudo: profiles follow their lead, regardless of the user's access.
        Profile = (
            self.env["crm.lifecycle.profile"].sudo().with_context(active_test=False)
        )
        for lead, customer in former.items():
            if customer and customer != lead.sudo().partner_id.commercial_partner_id:
                profiles = Profile.search([("partner_id", "=", customer.id)])
                profiles._take_back_lead(lead.sudo())
                lead._convert_lifecycle()

    def _convert_lifecycle(self):
        """Turn the leads' own profiles into profiles of their customers."""
        self._get_own_profiles().with_env(self.env)._lifecycle_convert()

    @api.model
    def _get_owners_sql(self):
        return SQL(
            "SELECT %s, o.partner_id, CASE WHEN o.partner_id IS NULL THEN o.id END",
            get_lead_company("o"),
        )

    def _mark_lifecycle_pending(self, trigger=False):
        """Put the leads and their customers on the work list."""
        if not self:
            return
        Pending = self.env["crm.lifecycle.pending"]
        # sudo: the customers are only read for the runs, not shown to the user.
        for company, leads in self.sudo().grouped("company_id").items():
            Pending._mark_pending(company, partners=leads.partner_id, leads=leads)
        if trigger:
            Pending._trigger_run()
