"""A person's data: exported, erased, and kept no longer than needed."""

import base64
import json
import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..erasure.eraser import Eraser
from ..erasure.export import PersonalDataExport
from ..erasure.finder import Finder

_logger = logging.getLogger(__name__)

# Contacts that are erased while the user waits.
SMALL_ERASURE = 100
# Contacts in one transaction, unless one customer has more.
BATCH = 2000


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    erased_date = fields.Date(
        string="Erased on",
        readonly=True,
        copy=False,
        help="The day on which the customer's personal data was erased. Moves and "
        "amounts still count in the sums.",
    )
    personal_data_file = fields.Binary(
        compute="_compute_personal_data_file",
        groups="sales_team.group_sale_manager",
        help="All data that is stored on the customer, as JSON.",
    )

    # ------------------------------------------------------------
    # Export
    # ------------------------------------------------------------

    def _compute_personal_data_file(self):
        for profile in self:
            text = json.dumps(
                profile._get_personal_data_export().data,
                ensure_ascii=False,
                indent=2,
                default=str,
            )
            profile.personal_data_file = base64.b64encode(text.encode())

    def action_export_personal_data(self):
        """Download all data that is stored on the customer."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/crm.lifecycle.profile/{self.id}/personal_data_file/"
            f"customer_{self.id}.json?download=true",
            "target": "download",
        }

    def _get_personal_data_export(self):
        """Return a `PersonalDataExport` of the customer.

        :raises AccessError: for users below a sales administrator
        """
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group("sales_team.group_sale_manager"):
            raise AccessError(
                self.env._(
                    "Only a sales administrator may export all data on a customer. Ask "
                    "one."
                )
            )
        # sudo: all data, including what the user would not see in a list.
        return PersonalDataExport(self.sudo(), self._find_personal_data())

    # ------------------------------------------------------------
    # Erasure
    # ------------------------------------------------------------

    def action_open_erase(self):
        """Show what will be erased and what is kept, before it is done."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Erase Personal Data"),
            "res_model": "crm.lifecycle.erase",
            "view_mode": "form",
            "target": "new",
            "context": {"default_profile_ids": self.ids},
        }

    def action_erase(self):
        """Erase the personal data of these customers in all companies.

        :return: the action that shows the progress, if there are many contacts
        """
        self._check_may_erase()
        profiles = self._get_profiles_to_erase()
        profiles.partner_id._check_erasable()
        contacts = profiles.partner_id._get_contacts_of_persons()
        total = max(len(contacts), len(self))
        if total <= SMALL_ERASURE:
            self._erase()
            return True
        return self.env["background.task"]._enqueue(
            self,
            "_task_erase",
            name=self.env._(
                "Erasure of %(count)s contacts", count=self._format_count(total)
            ),
            total=total,
        )

    def _check_may_erase(self):
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(
                self.env._("Only an administrator may erase personal data. Ask one.")
            )
        self.check_access("write")

    def _task_erase(self, progress):
        """Erase in the background: each customer wholly, in one transaction.

        A task that was killed has erased some customers and none by halves. It is
        started again for the others.
        """
        self._check_may_erase()
        profiles = self.exists()
        todo = profiles.filtered(lambda profile: not profile.erased_date)
        batches = list(todo._split_for_erasure())
        # sudo: only counts the models that are searched.
        models = len(Finder(self.sudo().env).models)
        progress.begin(self.env._("Erasing personal data"), models * len(batches))
        for batch in batches:
            progress.run_batch(batch._erase, progress.advance)
        return {
            "outcome": self.env._(
                "The personal data of %(count)s customers was erased.",
                count=self._format_count(len(todo)),
            )
        }

    def _split_for_erasure(self):
        """Yield batches of customers with `BATCH` contacts at most, or one customer."""
        sizes = self.partner_id._count_contacts_of_persons()
        batch, size = self.browse(), 0
        for profile in self:
            more = sizes.get(profile.partner_id.id, 1)
            if batch and size + more > BATCH:
                yield batch
                batch, size = self.browse(), 0
            batch |= profile
            size += more
        if batch:
            yield batch

    def _get_profiles_to_erase(self):
        """Return the profiles of these persons in all companies, for the superuser."""
        # sudo: the data is erased in all companies, even without access to them.
        profiles = self.sudo().with_context(active_test=False)
        partners = profiles.partner_id
        return profiles | profiles.search([("partner_id", "in", partners.ids)])

    def _find_personal_data(self):
        """Return a `Finder` with all records of these persons."""
        profiles = self._get_profiles_to_erase()
        contacts = profiles.partner_id._get_contacts_of_persons()
        return Finder(profiles.env).find(contacts, profiles._get_own_leads())

    def _get_own_leads(self):
        """Return the leads of customers without a contact."""
        return self.filtered(lambda profile: not profile.partner_id).lead_id

    def _erase(self, advance=None):
        """Erase the customers, and all that is stored on them, in one transaction.

        Their contacts stay, anonymized, since orders and invoices refer to them.

        :param advance: called with 1 after each model
        """
        profiles = self._get_profiles_to_erase()
        profiles.partner_id._check_erasable()
        own_leads = profiles._get_own_leads()
        finder = self._find_personal_data()
        found = finder.get_records("crm.lifecycle.profile")
        Eraser(finder).erase(advance)
        self.env.cr.execute(
            SQL(
                "UPDATE crm_lead SET active = FALSE WHERE id = ANY(%s) AND active",
                own_leads.ids,
            )
        )
        self.env.cr.execute(
            SQL(
                "UPDATE crm_lifecycle_profile SET erased_date = %s WHERE id = ANY(%s)",
                fields.Date.context_today(self),
                found.ids,
            )
        )
        self.env.invalidate_all()
        found._mark_pending(review=True)

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
            found = Profile.search(Profile._get_retention_domain(company))
            for batch in found._split_for_erasure():
                batch._erase_or_log()
                if not cron._commit_progress():
                    return
            cron._commit_progress(1)

    def _erase_or_log(self):
        """Erase the customers; one that can't be erased does not stop the others."""
        try:
            with self.env.cr.savepoint():
                self._erase()
        except UserError as error:
            if len(self) == 1:
                _logger.warning("Customer %s was not erased: %s", self.id, error)
                return
            for profile in self:
                profile._erase_or_log()
