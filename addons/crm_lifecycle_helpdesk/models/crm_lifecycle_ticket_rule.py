from odoo import api, fields, models


class CrmLifecycleTicketRule(models.Model):
    _inherit = "crm.lifecycle.ticket.rule"

    helpdesk_team_id = fields.Many2one(
        comodel_name="helpdesk.ticket.team",
        string="Helpdesk team",
        index="btree_not_null",
        ondelete="restrict",
        help="For helpdesk tickets alone.",
    )

    @api.constrains("user_id", "priority", "helpdesk_team_id")
    def _check_effect(self):
        return super()._check_effect()

    def _get_effect(self, ticket=None):
        """Add the team, on helpdesk tickets."""
        effect = super()._get_effect(ticket)
        is_shown = ticket is None or ticket._name == "helpdesk.ticket"
        if self.helpdesk_team_id and is_shown:
            team = self.helpdesk_team_id.name
            effect.insert(0, self.env._("team %(team)s", team=team))
        return effect
