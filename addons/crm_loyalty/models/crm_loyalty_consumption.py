from odoo import api, fields, models
from odoo.exceptions import UserError

from .crm_loyalty_entry import DIGITS


class CrmLoyaltyConsumption(models.Model):
    """Points that an entry took from an award; negative if it gave them back.

    The open points of an entry are its points, plus what it consumed, minus what
    others consumed of it.
    """

    _name = "crm.loyalty.consumption"
    _description = "Points Consumption"
    _order = "id"
    _rec_name = "entry_id"

    entry_id = fields.Many2one(
        comodel_name="crm.loyalty.entry",
        string="Consumed by",
        required=True,
        index=True,
        ondelete="restrict",
    )
    award_id = fields.Many2one(
        comodel_name="crm.loyalty.entry",
        required=True,
        index=True,
        ondelete="restrict",
    )
    points = fields.Float(digits=DIGITS, required=True)
    card_id = fields.Many2one(related="award_id.card_id")

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise UserError(
            self.env._("What points were spent from is written by postings alone.")
        )

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self.env._("The points ledger can't be changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The points ledger can't be deleted."))
