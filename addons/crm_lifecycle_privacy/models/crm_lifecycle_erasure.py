"""Erasing personal data: identifying values are removed, statistics stay."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.personal_data import erase_messages

# What of a contact tells who it is. The country stays: it is nobody's alone.
PERSONAL_FIELDS = (
    "email",
    "phone",
    "website",
    "function",
    "street",
    "street2",
    "zip",
    "city",
    "vat",
    "ref",
    "barcode",
    "company_registry",
    "comment",
    "image_1920",
)
# Origins of moves with a reason that users wrote, or that names a customer.
WRITTEN_ORIGINS = ("manual", "import", "merge", "convert")


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    erased_date = fields.Date(
        string="Erased on",
        readonly=True,
        copy=False,
        help="The day on which all that told who the customer is was taken away. Their "
        "moves and amounts still count in the sums.",
    )

    def action_open_erase(self):
        """Ask for confirmation before the customers are erased."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Erase the Person"),
            "res_model": "crm.lifecycle.erase",
            "view_mode": "form",
            "target": "new",
            "context": {"default_profile_ids": self.ids},
        }

    def action_erase(self):
        """Erase the personal data of these customers in all companies."""
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(
                self.env._("Only an administrator may erase a person. Ask one.")
            )
        self.check_access("write")
        self._erase()
        return True

    def _erase(self):
        """Take away what tells who the customers are, here and in all addons.

        Their contacts stay, anonymized, since orders and invoices refer to them.
        """
        # sudo: the data is erased in all companies, even without access to them.
        profiles = self.sudo().with_context(active_test=False)
        partners = profiles.partner_id
        profiles |= profiles.search([("partner_id", "in", partners.ids)])
        partners._check_erasable()
        contacts = partners.search([("id", "child_of", partners.ids)])
        leads = profiles.lead_id.search([("partner_id", "in", contacts.ids)])
        for part in profiles._get_personal_records():
            if part.records:
                part.erase()
        profiles._erase_profiles()
        contacts._erase_contacts()
        profiles.lead_id._erase_contacts()
        profiles.lead_id.active = False
        leads._erase_contacts()  # won or lost they still count
        profiles._mark_pending(review=True)

    def _erase_profiles(self):
        """Take what was written about the customers off their profiles and history."""
        erase_messages(self)
        self.write(
            {
                "note": False,
                "tag_ids": [Command.clear()],
                "erased_date": fields.Date.context_today(self),
            }
        )
        self.env.flush_all()
        # Raw SQL, since the ORM refuses to write history. The moves stay.
        self.env.cr.execute(
            SQL(
                "UPDATE crm_lifecycle_history SET lead_id = NULL, "
                "reason = CASE WHEN origin = ANY(%s) THEN NULL ELSE reason END "
                "WHERE profile_id = ANY(%s)",
                list(WRITTEN_ORIGINS),
                self.ids,
            )
        )
        steps = self.env["crm.lifecycle.playbook.log"]
        steps.search([("profile_id", "in", self.ids)])._erase_text()
        self.env.invalidate_all()

    # ------------------------------------------------------------
    # Retention
    # ------------------------------------------------------------

    @api.model
    def _get_retention_domain(self, company):
        """Return the domain of customers past the retention period of a company."""
        limit = f"today -{company.lifecycle_retention_months}m"
        domain = Domain(
            [
                ("company_id", "=", company.id),
                ("stage_id.category", "in", ("lost", "ended")),
                ("stage_date", "<=", limit),
                ("erased_date", "=", False),
                ("partner_id", "!=", False),
                ("partner_id.user_ids", "=", False),
                # Not if they are still an active customer of another company.
                (
                    "partner_id.lifecycle_profile_ids",
                    "not any",
                    [
                        ("company_id", "!=", company.id),
                        ("stage_id.category", "not in", ("lost", "ended")),
                    ],
                ),
            ]
        )
        for name in self._get_fact_fields():
            if name.startswith("last_") and self._fields[name].type == "date":
                domain &= Domain(name, "=", False) | Domain(name, "<=", limit)
        return domain

    @api.model
    def _cron_retain(self):
        """Erase customers after the retention period of their company."""
        cron = self.env["ir.cron"]
        companies = self.env["res.company"].search(
            [("lifecycle_retention_months", ">", 0)]
        )
        Profile = self.with_context(active_test=False)
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            domain = Profile._get_retention_domain(company)
            while profiles := Profile.search(domain, limit=100):
                profiles._erase()
                if not cron._commit_progress():
                    return
            cron._commit_progress(1)


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _check_erasable(self):
        """Refuse to erase contacts of users and companies of this database."""
        for partner in self.with_context(active_test=False):
            companies = self.env["res.company"].search_count(
                [("partner_id", "child_of", partner.ids)], limit=1
            )
            if partner.search_count(
                [("id", "child_of", partner.ids), ("user_ids", "!=", False)], limit=1
            ):
                raise UserError(
                    self.env._(
                        "“%(customer)s” can log in. Delete the user first, then erase "
                        "the person.",
                        customer=partner.display_name,
                    )
                )
            if companies:
                raise UserError(
                    self.env._(
                        "“%(customer)s” is one of the companies of this database and "
                        "can't be erased.",
                        customer=partner.display_name,
                    )
                )

    def _erase_contacts(self):
        """Anonymize and archive the contacts."""
        for partner in self:
            partner.write(
                {
                    "name": self.env._("Erased customer %(id)s", id=partner.id),
                    **{name: False for name in PERSONAL_FIELDS if name in self._fields},
                    "active": False,
                }
            )


class CrmLead(models.Model):
    _inherit = "crm.lead"

    def _erase_contacts(self):
        """Remove the personal data from the leads."""
        names = (
            *("contact_name", "partner_name", "email_from", "email_cc", "phone"),
            *("street", "street2", "zip", "city", "website", "function", "description"),
        )
        for lead in self:
            lead.write(
                {
                    "name": self.env._("Erased lead %(id)s", id=lead.id),
                    **dict.fromkeys(names, False),
                }
            )
