from odoo import api, fields, models
from odoo.tools import SQL

from ..fields import Conditions, Integer


class CrmLifecycleTag(models.Model):
    """Tag that customers of a lifecycle have while its conditions match.

    Tags distinguish customers within a stage, such as silent ones among the active.
    Each run sets and removes them.
    """

    _name = "crm.lifecycle.tag"
    _description = "Lifecycle Tag"
    _inherit = ["crm.lifecycle.company.mixin"]
    _order = "lifecycle_id, sequence, id"

    _company_fields = frozenset({"company_id", "lifecycle_id"})

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    lifecycle_id = fields.Many2one(
        comodel_name="crm.lifecycle",
        required=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        related="lifecycle_id.company_id", store=True, index="btree_not_null"
    )
    sequence = Integer(default=10)
    color = Integer()
    is_warning = fields.Boolean(
        string="Warning",
        help="Customers with this tag are at risk: it is a sign of their health.",
    )
    domain = Conditions(
        string="Conditions",
        default="[]",
        help="Conditions on the facts of a customer. Dates may be relative to "
        "the day of the run, such as “today -30d”.",
    )

    _code_unique = models.Constraint(
        "UNIQUE (lifecycle_id, code)",
        "Another tag of this lifecycle has this code already.",
    )

    @api.constrains("domain")
    def _check_domain(self):
        for tag in self:
            self.env["crm.lifecycle.profile"]._check_conditions(
                tag.domain, tag._get_label()
            )

    @api.model_create_multi
    def create(self, vals_list):
        tags = super().create(vals_list)
        tags.lifecycle_id._bump_version()
        return tags

    def write(self, vals):
        result = super().write(vals)
        self.lifecycle_id._bump_version()
        return result

    def unlink(self):
        lifecycles = self.lifecycle_id
        result = super().unlink()
        lifecycles._bump_version()
        return result

    def _get_label(self):
        """Return the name of the tag for use in messages."""
        self.ensure_one()
        return self.env._("tag “%(tag)s”", tag=self.name)

    def _get_domain(self, as_of):
        """Return the domain of the conditions on a day (see the rule's method)."""
        self.ensure_one()
        return self.env["crm.lifecycle.profile"]._get_fact_domain(
            self.domain, as_of, self._get_label()
        )

    def _remove_from_customers(self):
        """Remove the tags from all customers; a run sets those that still apply."""
        self.env["crm.lifecycle.profile"].flush_model(["tag_ids"])
        self.env.cr.execute(
            SQL(
                "DELETE FROM crm_lifecycle_profile_tag_rel WHERE tag_id = ANY(%s)",
                self.ids,
            )
        )
        self.env["crm.lifecycle.profile"].invalidate_model(["tag_ids"])
