"""Figures of a customer together with its subsidiaries."""

from odoo import api, fields, models
from odoo.tools import SQL

from ..access import as_reader


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    subsidiary_count = fields.Integer(
        string="Subsidiaries",
        compute="_compute_subsidiary_count",
        compute_sudo=False,
        help="Companies below this customer that are customers themselves, as far as "
        "you may see them.",
    )

    @api.depends("partner_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_subsidiary_count(self):
        subsidiaries = self._get_subsidiaries()
        for profile in self:
            profile.subsidiary_count = len(subsidiaries.get(profile._origin.id, ()))

    def _get_subsidiaries(self):
        """Return ``{profile id: profiles}`` of the customers below these customers.

        At any depth, in the same company, and as far as the user may read them. One
        query for all.
        """
        Profile = as_reader(self.env["crm.lifecycle.profile"])
        ids = self._origin.ids
        if not ids:
            return {}
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE below AS (
                    SELECT p.id AS profile_id, p.company_id, c.id AS partner_id
                      FROM crm_lifecycle_profile AS p
                      JOIN res_partner AS c ON c.parent_id = p.partner_id
                     WHERE p.id = ANY(%(ids)s)
                     UNION
                    SELECT b.profile_id, b.company_id, c.id
                      FROM below AS b
                      JOIN res_partner AS c ON c.parent_id = b.partner_id
                )
                SELECT b.profile_id, array_agg(s.id ORDER BY s.id)
                  FROM below AS b
                  JOIN crm_lifecycle_profile AS s
                    ON s.partner_id = b.partner_id AND s.company_id = b.company_id
                 WHERE s.id <> b.profile_id AND s.id IN %(readable)s
                 GROUP BY b.profile_id
                """,
                ids=ids,
                readable=Profile._search([]).subselect(),
            )
        )
        return {profile_id: self.browse(found) for profile_id, found in rows}

    def action_open_subsidiaries(self):
        """Open the subsidiaries of the customer."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "crm_lifecycle.crm_lifecycle_profile_action"
        )
        found = self._get_subsidiaries().get(self.id, self.browse())
        return {
            **action,
            "display_name": self.env._("Subsidiaries"),
            "domain": [("id", "in", found.ids)],
            "context": {},
        }
