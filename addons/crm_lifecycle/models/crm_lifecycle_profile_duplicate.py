from odoo import api, fields, models
from odoo.tools import SQL

from .crm_lifecycle_duplicate import COLUMNS


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    duplicate_ids = fields.Many2many(
        comodel_name="res.partner",
        string="Possible Duplicates",
        compute="_compute_duplicate_ids",
        compute_sudo=False,
        help="Contacts of other customers of the company with the same email address "
        "or phone number.",
    )
    duplicate_count = fields.Integer(
        string="Duplicates", compute="_compute_duplicate_ids", compute_sudo=False
    )

    def _compute_duplicate_ids(self):
        """Find the contacts that the user may read, in one query for all customers."""
        found = {}
        for profile_id, _own_id, other_id in self._get_duplicate_pairs():
            found.setdefault(profile_id, set()).add(other_id)
        others = self.env["res.partner"].browse(
            {x for ids in found.values() for x in ids}
        )
        readable = set(others._filtered_access("read").ids)
        for profile in self:
            ids = found.get(profile._origin.id, set()) & readable
            profile.duplicate_ids = others.browse(sorted(ids))
            profile.duplicate_count = len(profile.duplicate_ids)

    @api.model
    def _get_duplicate_query(self, profiles):
        """Return the SQL of the pairs of contacts of all kinds of addresses."""
        Duplicate = self.env["crm.lifecycle.duplicate"]
        return SQL(" UNION ").join(
            Duplicate._get_pairs(profiles, kind) for kind in COLUMNS
        )

    def _get_duplicate_pairs(self):
        """Return ``[(profile id, id of its contact, id of the other contact)]``."""
        if not self._origin:
            return []
        self.env.flush_all()
        return self.env.execute_query(self._get_duplicate_query(self._origin))

    def action_merge_duplicates(self):
        """Open Odoo's merge of the customer's contacts with their duplicates."""
        self.ensure_one()
        self.check_access("read")
        others = self.duplicate_ids
        own = {
            own_id
            for _profile_id, own_id, other_id in self._get_duplicate_pairs()
            if other_id in others.ids
        }
        contacts = others.browse(sorted(own)) | others
        return self.env["crm.lifecycle.duplicate"]._get_merge_action(contacts)
