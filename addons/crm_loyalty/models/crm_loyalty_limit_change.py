from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .loyalty_card_limit import LIMIT_DAYS


class CrmLoyaltyLimitChange(models.Model):
    """A change of the approval limit of a program or company; read-only.

    For the user who raises a limit, the former one counts for 30 more days. Otherwise
    a user could raise the limit, give points, and lower it again.
    """

    _name = "crm.loyalty.limit.change"
    _description = "Change of an Approval Limit"
    _order = "id desc"
    _rec_name = "program_id"

    program_id = fields.Many2one(
        comodel_name="loyalty.program",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        help="Empty: the limit of the company was changed.",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", readonly=True, ondelete="cascade"
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Changed by",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    date = fields.Date(required=True, readonly=True)
    old_limit = fields.Float(
        string="Limit Before",
        digits=(16, 2),
        readonly=True,
        aggregator=None,
        help="What counted for the user before the change. 0: no limit.",
    )
    new_limit = fields.Float(
        string="Limit After", digits=(16, 2), readonly=True, aggregator=None
    )

    _user_idx = models.Index("(user_id, date)")

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            self._refuse()
        return super().create(vals_list)

    def write(self, vals):  # pylint: disable=method-required-super
        self._refuse()

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        self._refuse()

    def _refuse(self):
        raise UserError(self.env._("Changes of approval limits are kept as they are."))

    @api.model
    def _get_former_limits(self, program, companies, user):
        """Return the former limits that a user changed in the last 30 days."""
        domain = Domain("program_id", "=", program.id)
        if companies:
            domain |= Domain("program_id", "=", False) & Domain(
                "company_id", "in", companies.ids
            )
        since = program._get_loyalty_today() - timedelta(days=LIMIT_DAYS)
        # The limit also applies to users who can't read its changes.
        changes = self.sudo().search(
            domain & Domain("user_id", "=", user.id) & Domain("date", ">", since)
        )
        return changes.mapped("old_limit")
