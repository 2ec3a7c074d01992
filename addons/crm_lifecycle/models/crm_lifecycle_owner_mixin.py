import json

from odoo import api, models
from odoo.tools import SQL


class CrmLifecycleOwnerMixin(models.AbstractModel):
    """Records that decide which customer, in which company, has some facts.

    Odoo writes all stored values through `_write_multi`: those of users, and those that
    it computes. Here the new values are compared with the stored ones before they are
    written. If the owner differs, the old and the new one go on the work list: no row
    names the old one afterwards. One statement does it for a set of records, and only
    if a field that decides the owner is written.

    Values that only SQL or a foreign key writes need a mark of their own, see
    `crm.lifecycle.pending._mark_pending`.

    Inherit this mixin before the model itself.
    """

    _name = "crm.lifecycle.owner.mixin"
    _description = "Owner of Customer Facts"

    # The stored fields that decide the owner.
    _lifecycle_owner_fields = frozenset()
    # Whether a change of the owner triggers a run within a minute.
    _triggers_lifecycle_run = True

    def _write_multi(self, vals_list):
        """Compare the owners before and after, see above."""
        if self and self._get_written_owner_fields(vals_list):
            self._mark_owners_pending(vals_list)
        return super()._write_multi(vals_list)

    @api.model
    def _get_written_owner_fields(self, vals_list):
        """Return the names of the written fields that decide the owner, in order."""
        return sorted(self._lifecycle_owner_fields & set().union(*vals_list))

    def _mark_owners_pending(self, vals_list):
        """Put the old and the new owners of the records on the work list.

        Extension point: an addon marks what it keeps of its own.
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO crm_lifecycle_pending
                            (company_id, partner_res_id, lead_res_id)
                SELECT DISTINCT company.id, owner.partner_id, owner.lead_id
                  FROM %(changes)s
                  -- a row for the old values, and one for the new values
                  CROSS JOIN LATERAL (SELECT old.* UNION ALL SELECT new.*) AS o
                  CROSS JOIN LATERAL (%(owners)s)
                       AS owner (company_id, partner_id, lead_id)
                  JOIN res_company AS company
                    ON company.id = owner.company_id OR owner.company_id IS NULL
                 WHERE COALESCE(owner.partner_id, owner.lead_id) IS NOT NULL
                """,
                changes=self._get_owner_changes(vals_list),
                owners=self._get_owners_sql(),
            )
        )
        if self._triggers_lifecycle_run and self.env.cr.rowcount:
            self.env["crm.lifecycle.pending"]._trigger_run()

    @api.model
    def _get_owners_sql(self):
        """Extension point: return SQL of the owners of row ``o``.

        It is either the row ``old`` or the row ``new`` of the table. Columns:
        ``company_id`` (NULL: every company), ``partner_id`` (any contact of the
        customer) and ``lead_id`` (if there is no contact).
        """
        return SQL("SELECT o.company_id, o.partner_id, NULL::int")

    def _get_owner_changes(self, vals_list):
        """Return SQL of the records with another owner: the rows ``old`` and ``new``.

        It is the right side of FROM, and must be executed before the values are
        written.
        """
        names = self._get_written_owner_fields(vals_list)
        rows = [
            SQL(
                "(%s, %s::jsonb)",
                record.id,
                json.dumps({name: vals[name] for name in names if name in vals}),
            )
            for record, vals in zip(self, vals_list, strict=True)
        ]

        def columns(alias):
            return SQL(", ").join(SQL.identifier(alias, name) for name in names)

        return SQL(
            """
            (VALUES %(rows)s) AS written (id, vals)
              JOIN %(table)s AS old ON old.id = written.id
              JOIN LATERAL jsonb_populate_record(old, written.vals) AS new
                ON (%(old)s) IS DISTINCT FROM (%(new)s)
            """,
            rows=SQL(", ").join(rows),
            table=SQL.identifier(self._table),
            old=columns("old"),
            new=columns("new"),
        )
