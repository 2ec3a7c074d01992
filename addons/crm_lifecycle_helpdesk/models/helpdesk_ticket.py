from odoo import models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class HelpdeskTicket(models.Model):
    """Make helpdesk tickets count as tickets of the customer lifecycle."""

    _name = "helpdesk.ticket"
    # The mixin comes first, so that its overrides run around those of the helpdesk.
    _inherit = ["crm.lifecycle.ticket", "helpdesk.ticket"]

    _lifecycle_written_idx = watermark_index("write_date, create_date")
    _lifecycle_partner_idx = models.Index("(partner_id) WHERE partner_id IS NOT NULL")

    def _prepare_lifecycle_rule_values(self, rule):
        """Add the team and the assigned user."""
        values = super()._prepare_lifecycle_rule_values(rule)
        if rule.helpdesk_team_id:
            values["team_id"] = rule.helpdesk_team_id.id
        if rule.user_id:
            values["user_id"] = rule.user_id.id
        return values
