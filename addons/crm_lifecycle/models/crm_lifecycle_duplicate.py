from odoo import api, fields, models
from odoo.tools import SQL

# Row ids combine contact, kind and company.
KIND_BITS, COMPANY_BITS = 1, 20
# Kinds of addresses, and their normalized columns of a contact.
COLUMNS = {"email": "email_normalized", "phone": "phone_sanitized"}


class CrmLifecycleDuplicate(models.Model):
    """Contact with an email address or a phone number that another customer has too.

    One row for each contact, address and company. Both may be one person, as after a
    booking on the website. Contacts below one commercial partner are one customer:
    addresses that they share are no duplicates.
    """

    _name = "crm.lifecycle.duplicate"
    _description = "Possible Duplicate"
    _auto = False
    _order = "value, first_seen_date, id"
    _rec_name = "value"
    _depends = {
        "crm.lifecycle.profile": [
            "partner_id",
            "company_id",
            "user_id",
            "stage_id",
            "first_seen_date",
            "active",
        ],
        "res.partner": [
            "email_normalized",
            "phone_sanitized",
            "commercial_partner_id",
            "active",
        ],
    }

    contact_id = fields.Many2one(comodel_name="res.partner", readonly=True)
    kind = fields.Selection(
        selection=[("email", "Email"), ("phone", "Phone")],
        string="Same",
        readonly=True,
    )
    value = fields.Char(string="Address or Number", readonly=True)
    profile_id = fields.Many2one(
        comodel_name="crm.lifecycle.profile", string="Customer", readonly=True
    )
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)
    user_id = fields.Many2one(
        comodel_name="res.users", string="Salesperson", readonly=True
    )
    stage_id = fields.Many2one(comodel_name="crm.lifecycle.stage", readonly=True)
    first_seen_date = fields.Date(string="First seen", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT (a.contact_id::bigint << %(kinds)s | (a.kind = 'phone')::int)
                       << %(companies)s | a.company_id AS id,
                   a.contact_id, a.kind, a.value, a.profile_id, a.company_id,
                   a.user_id, a.stage_id, a.first_seen_date
              FROM (SELECT *,
                           MIN(profile_id) OVER same AS first_id,
                           MAX(profile_id) OVER same AS last_id
                      FROM (%(addresses)s) AS known
                    WINDOW same AS (PARTITION BY company_id, kind, value)) AS a
             WHERE a.first_id <> a.last_id
            """,
            kinds=KIND_BITS,
            companies=COMPANY_BITS,
            addresses=SQL(" UNION ALL ").join(map(self._get_addresses, COLUMNS)),
        )

    @api.model
    def _get_addresses(self, kind):
        """Return the SQL of the addresses of a kind of all customers."""
        return SQL(
            """
            SELECT c.id AS contact_id, %(kind)s::varchar AS kind, c.%(column)s AS value,
                   p.id AS profile_id, p.company_id, p.user_id, p.stage_id,
                   p.first_seen_date
              FROM res_partner AS c
              JOIN crm_lifecycle_profile AS p ON p.partner_id = c.commercial_partner_id
             WHERE c.active AND p.active AND c.%(column)s <> ''
            """,
            kind=kind,
            column=SQL.identifier(COLUMNS[kind]),
        )

    @api.model
    def _get_pairs(self, profiles, kind):
        """Return the SQL of the contacts that share an address with some customers.

        Its columns are ``profile_id`` of one of the customers, ``own_id`` of their
        contact and ``other_id`` of the contact of another customer of the company.
        """
        return SQL(
            """
            SELECT p.id AS profile_id, c.id AS own_id, d.id AS other_id
              FROM crm_lifecycle_profile AS p
              JOIN res_partner AS c ON c.commercial_partner_id = p.partner_id
              JOIN res_partner AS d
                ON d.%(column)s = c.%(column)s AND d.%(column)s IS NOT NULL
               AND d.commercial_partner_id <> c.commercial_partner_id
              JOIN crm_lifecycle_profile AS o
                ON o.partner_id = d.commercial_partner_id
               AND o.company_id = p.company_id
             WHERE p.id = ANY(%(ids)s) AND c.%(column)s <> ''
               AND c.active AND d.active AND p.active AND o.active
            """,
            ids=profiles.ids,
            column=SQL.identifier(COLUMNS[kind]),
        )

    # ------------------------------------------------------------
    # Merge
    # ------------------------------------------------------------

    def action_merge(self):
        """Open Odoo's merge of contacts: of one row, with all of the same address."""
        self.check_access("read")
        rows = self
        if len(self) == 1:
            rows = self.search(
                [
                    ("company_id", "=", self.company_id.id),
                    ("kind", "=", self.kind),
                    ("value", "=", self.value),
                ]
            )
        return self._get_merge_action(rows.contact_id)

    @api.model
    def _get_merge_action(self, contacts):
        """Return the action that opens Odoo's merge, for users who may merge."""
        self.env["base.partner.merge.automatic.wizard"].check_access("create")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Merge Contacts"),
            "res_model": "base.partner.merge.automatic.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"active_model": "res.partner", "active_ids": contacts.ids},
        }
