from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..access import is_readable
from ..fields import Date
from .crm_lifecycle_source import watermark_index


class ResPartner(models.Model):
    """A contact shows the profile of the company or person that it belongs to."""

    _name = "res.partner"
    _inherit = [
        "crm.lifecycle.owner.mixin",
        "res.partner",
        "crm.lifecycle.profile.mixin",
    ]

    _lifecycle_owner_fields = frozenset(
        {"commercial_partner_id", "company_id", "active"}
    )
    _triggers_lifecycle_run = False

    _lifecycle_written_idx = watermark_index("write_date")
    # Duplicates are found by them, see `crm.lifecycle.duplicate`.
    _lifecycle_email_idx = models.Index(
        "(email_normalized) WHERE email_normalized IS NOT NULL"
    )
    _lifecycle_phone_idx = models.Index(
        "(phone_sanitized) WHERE phone_sanitized IS NOT NULL"
    )

    lifecycle_profile_ids = fields.One2many(
        comodel_name="crm.lifecycle.profile",
        inverse_name="partner_id",
        string="Lifecycle Profiles",
        groups="sales_team.group_sale_salesman",
    )
    # Partial index: few contacts have an objection.
    lifecycle_objection_date = Date(index="btree_not_null")

    def _get_lifecycle_profiles(self, Profile):
        if not is_readable(Profile):
            return {}
        found = Profile.with_context(active_test=False).search_fetch(
            [
                ("partner_id", "in", self.commercial_partner_id.ids),
                ("company_id", "=", self.env.company.id),
            ],
            ["partner_id", *self._get_profile_field_names()],
        )
        by_partner = {profile.partner_id.id: profile for profile in found}
        return {
            partner: by_partner.get(partner.commercial_partner_id.id)
            for partner in self
        }

    def _join_lifecycle_profile(self, alias, query):
        return [
            self._join_one_lifecycle_profile(
                alias,
                "lifecycle_profile",
                query,
                lambda profile: SQL(
                    "%s.partner_id = %s",
                    profile,
                    SQL.identifier(alias, "commercial_partner_id"),
                ),
            )
        ]

    def _get_lifecycle_subject_condition(self, alias, select):
        return SQL(
            "EXISTS (SELECT FROM (%s) AS s (id) WHERE s.id = %s)",
            select("partner_id"),
            SQL.identifier(alias, "commercial_partner_id"),
        )

    def write(self, vals):
        """Update the profiles when the customer or salesperson of a contact changes."""
        if not vals.keys() & {"parent_id", "is_company", "active", "user_id"}:
            return super().write(vals)
        # sudo: profiles follow their contact, regardless of the user's access.
        before = self.sudo().commercial_partner_id
        following, kept = self._get_reassigned_profiles(vals)
        is_active = {partner: partner.active for partner in self.sudo()}
        result = super().write(vals)
        changed = self.filtered(lambda item: item.active != is_active[item])
        self.env["crm.lifecycle.profile"]._sync_archived(changed)
        if following:
            following.user_id = vals["user_id"]
        if kept:
            kept._notify_kept_owners(self.env["res.users"].browse(vals["user_id"]))
        # sudo: profiles follow their contact, regardless of the user's access.
        Profile = (
            self.env["crm.lifecycle.profile"].sudo().with_context(active_test=False)
        )
        domain = Domain("partner_id", "in", before.ids)
        domain |= Domain("partner_id", "child_of", self.ids)
        profiles = Profile.search(domain)
        if "user_id" in vals:
            profiles._mark_pending()
        # As the user: the rights on the target decide what is merged.
        profiles.with_env(self.env)._lifecycle_convert()
        return result

    def _get_reassigned_profiles(self, vals):
        """Return the profiles that a new salesperson of the contacts affects.

        The first recordset follows the contact: profiles without a salesperson, and
        those of the contact's present salesperson that the user may write. The second
        one keeps its salesperson, since the user may not write it: profiles of contacts
        with the same salesperson, or none. For the superuser and scheduled jobs, all
        follow.

        Must be called before the change.

        :return: two recordsets, as superuser
        """
        Profile = (
            self.env["crm.lifecycle.profile"]
            .sudo()  # sudo: includes profiles that the user can't read
            .with_context(active_test=False)
        )
        if "user_id" not in vals:
            return Profile, Profile
        new = vals["user_id"] or False
        profiles = Profile.search([("partner_id", "in", self.ids)]).filtered(
            lambda profile: profile.user_id.id != new
        )
        free = profiles.filtered(lambda profile: not profile.user_id)
        owned = profiles - free
        writable = owned.browse(owned.with_env(self.env)._filter_writable().ids)
        following = free | writable.filtered(
            lambda profile: profile.user_id == profile.partner_id.user_id
        )
        kept = (owned - writable).filtered(
            lambda profile: (
                not profile.partner_id.user_id
                or profile.partner_id.user_id == profile.user_id
            )
        )
        return following, kept

    @api.model
    def _get_owners_sql(self):
        """Return the customer of the contact, in the companies of its documents.

        The company of a contact only decides where documents without one count. A new
        contact has no documents yet: Odoo stores its commercial partner afterwards.
        """
        return SQL(
            """
            SELECT CASE WHEN old.commercial_partner_id = new.commercial_partner_id
                             AND old.active = new.active
                        THEN COALESCE(o.company_id, (SELECT MIN(id) FROM res_company))
                   END,
                   o.commercial_partner_id, NULL::int
             WHERE old.commercial_partner_id IS NOT NULL
            """
        )

    def unlink(self):
        """Delete the profile and its activities; its history stays.

        Foreign keys take the contact from its documents, which then belong to their
        leads, or to no customer.
        """
        # sudo: includes customers and leads that the user may not read.
        contacts = self.sudo()
        leads = contacts.env["crm.lead"].with_context(active_test=False)
        self.env["crm.lifecycle.pending"]._mark_pending(
            None,
            partners=contacts.commercial_partner_id,
            leads=leads.search([("partner_id", "in", self.ids)]),
        )
        # sudo: any user who may delete the contact also deletes its profile.
        Profile = (
            self.env["crm.lifecycle.profile"].sudo().with_context(active_test=False)
        )
        Profile.search([("partner_id", "in", self.ids)]).unlink()
        self.env["crm.lifecycle.history"]._clear_references("partner_id", self)
        return super().unlink()
