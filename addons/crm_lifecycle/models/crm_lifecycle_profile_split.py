"""Leads that were given to the wrong customer: what they brought leaves with them."""

from odoo import models
from odoo.tools import SQL

from ..moves import MoveService


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _take_back_lead(self, lead):
        """Separate a lead from the profiles of its former customer.

        The moves that the lead made before it got the customer become those of a
        profile of the lead again, which then goes to the right customer. If the
        customer has nothing else, the whole profile goes. Otherwise the customer is
        where they were before the lead.

        :param lead: the lead, which has another customer by now, or none
        """
        for profile in self:
            rows = profile.history_ids.filtered(lambda row: row.lead_id == lead)
            if not rows:
                continue
            if profile._has_only_lead(lead, rows):
                profile._reassign({"partner_id": False, "lead_id": lead.id})
            else:
                MoveService(self.env).split(profile, lead, rows)
            profile._mark_pending(review=True)

    def _has_only_lead(self, lead, rows):
        """Return whether a customer has nothing but what came with a lead.

        Facts of other addons are of other documents, such as orders and tickets.
        """
        self.ensure_one()
        if self.history_ids.filtered("merge_id"):
            return False
        others = self.env["crm.lead"].with_context(active_test=False)
        if others.search_count(
            [
                ("partner_id.commercial_partner_id", "=", self.partner_id.id),
                ("company_id", "in", [False, self.company_id.id]),
                ("id", "!=", lead.id),
            ],
            limit=1,
        ):
            return False
        return not any(
            self[name]
            for name in self._get_fact_fields()
            if self._fields[name]._module != "crm_lifecycle"
        )

    def _create_lead_profile(self, lead):
        """Create the profile of a lead, without a stage, like this one."""
        self.ensure_one()
        rows = self.env.execute_query(
            SQL(
                """
                INSERT INTO crm_lifecycle_profile (
                    lead_id, company_id, user_id, active, is_manual, facts_date,
                    create_uid, create_date, write_uid, write_date)
                SELECT %(lead)s, company_id, %(user)s, TRUE, FALSE, facts_date,
                       %(uid)s, create_date, %(uid)s, write_date
                  FROM crm_lifecycle_profile WHERE id = %(profile)s
                RETURNING id
                """,
                lead=lead.id,
                user=lead.user_id.id or None,
                uid=self.env.uid,
                profile=self.id,
            )
        )
        return self.browse(rows[0])

    def _split_related_records(self, source, rows):
        """Take over what moves of another profile have led to.

        Extension point: as `_merge_related_records`.

        :param rows: the moves, which are those of this profile by now
        """
        # sudo: part of the correction of a lead.
        steps = self.env["crm.lifecycle.playbook.log"].sudo()
        steps = steps.search([("history_id", "in", rows.ids)])
        steps.profile_id = self
        activities = steps.activity_id.filtered(
            lambda item: item.res_model == self._name and item.res_id == source.id
        )
        activities.res_id = self.id
