from odoo import models

from .crm_lifecycle_risk_case import OPEN_STATES


class ResUsers(models.Model):
    _inherit = "res.users"

    def _hand_work_to_stand_ins(self, companies=None):
        """Give the open cases of leaving users to the stand-ins."""
        result = super()._hand_work_to_stand_ins(companies)
        domain = [("user_id", "in", self.ids), ("state", "in", OPEN_STATES)]
        if companies:
            domain.append(("company_id", "in", companies.ids))
        # `sudo()`: who may archive a user may not see all cases.
        cases = self.env["crm.lifecycle.risk.case"].sudo().search(domain)
        stand_ins = cases.profile_id._get_stand_ins(leaving=self)
        groups = cases.grouped(lambda case: stand_ins[case.profile_id.id])
        for stand_in, given in groups.items():
            if stand_in:
                given.with_context(
                    mail_auto_subscribe_no_notify=True
                ).user_id = stand_in
        return result
