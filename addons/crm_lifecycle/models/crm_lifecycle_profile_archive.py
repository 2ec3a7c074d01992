"""Archived customers: what is planned with them is closed, and comes back."""

from odoo import api, models
from odoo.tools import SQL


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    @api.model
    def _sync_archived(self, partners):
        """Archive the profiles of archived contacts, and restore those of others.

        What is planned with a customer is closed at once and without an outcome, not by
        the next run. It comes back if the contact is restored in time.
        """
        # sudo: profiles follow their contact, regardless of the user's access.
        profiles = self.sudo().with_context(active_test=False)
        profiles = profiles.search([("partner_id", "in", partners.ids)])
        if not profiles:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_lifecycle_profile AS p
                   SET active = c.active
                               AND (p.is_manual OR p.first_seen_date IS NOT NULL)
                  FROM res_partner AS c
                 WHERE p.id = ANY(%s) AND c.id = p.partner_id
                """,
                profiles.ids,
            )
        )
        profiles.invalidate_recordset(["active"])
        archived = profiles.filtered(lambda item: not item.partner_id.active)
        archived._suspend_work()
        for company, members in (profiles - archived).grouped("company_id").items():
            members._resume_work(company._get_lifecycle_restore_limit())
        profiles._mark_pending(review=True)

    def _suspend_work(self):
        """Close the planned activities of archived customers.

        Extension point: close what an addon plans with customers, without an outcome.
        """
        self.env["mail.activity"]._suspend_open(self._name, self.ids)

    def _resume_work(self, since):
        """Open the activities of restored customers again.

        Extension point: as `_suspend_work`.

        :param since: only what was closed on this day or later; False: all of it
        """
        Activity = self.env["mail.activity"]
        Activity._search_suspended(self._name, self.ids, since)._resume()
