from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _check_erasable(self):
        """Refuse to erase employees, the public user and companies of this database.

        :raises UserError: with the name of the contact and the next step
        """
        if not self:
            return
        contacts = self._get_contacts_of_persons()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                SELECT min(partner_id) FROM res_company WHERE partner_id = ANY(%(ids)s)
                 UNION ALL
                SELECT min(u.partner_id)
                  FROM res_users AS u
                 WHERE u.partner_id = ANY(%(ids)s)
                   AND (NOT u.share OR u.id = %(public)s)
                """,
                ids=contacts.ids,
                public=self.env.ref("base.public_user").id,
            )
        )
        (company_id,), (user_id,) = self.env.cr.fetchall()
        if company_id:
            raise UserError(
                self.env._(
                    "“%(customer)s” is one of the companies of this database and can't "
                    "be erased.",
                    customer=self.browse(company_id).display_name,
                )
            )
        if user_id:
            raise UserError(
                self.env._(
                    "“%(customer)s” is a user of this database. Delete the user first, "
                    "then erase the personal data.",
                    customer=self.browse(user_id).display_name,
                )
            )

    def _get_contacts_of_persons(self):
        """Return these contacts and all contacts below them, archived ones too."""
        partners = self.with_context(active_test=False)
        return partners.search([("id", "child_of", partners.ids)])

    def _count_contacts_of_persons(self):
        """Return ``{id: number}`` of these contacts with all contacts below them."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH RECURSIVE below (top, id) AS (
                    SELECT id, id FROM unnest(%s::int[]) AS t (id)
                     UNION ALL
                    SELECT b.top, p.id
                      FROM below AS b JOIN res_partner AS p ON p.parent_id = b.id
                )
                SELECT top, count(*) FROM below GROUP BY top
                """,
                self.ids,
            )
        )
        return dict(self.env.cr.fetchall())
