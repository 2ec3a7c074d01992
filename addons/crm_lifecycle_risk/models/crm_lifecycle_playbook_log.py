from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.models.crm_lifecycle_playbook_log import (
    PlaybookStep,
    StepSkipped,
)

from .crm_lifecycle_risk_case import OPEN_STATES

# Customers who leave a stage at risk for any other category are saved.
LEFT_CATEGORIES = ("lost", "ended")


class CrmLifecyclePlaybookLog(models.Model):
    """Open and close cases as steps of the playbook.

    So it happens once per move, in the transaction that logs it, and shows in the
    history of the customer.
    """

    _inherit = "crm.lifecycle.playbook.log"

    kind = fields.Selection(
        selection_add=[
            ("risk_close", "Close risk case"),
            ("risk_open", "Open risk case"),
        ],
        ondelete={"risk_close": "cascade", "risk_open": "cascade"},
    )

    @api.model
    def _get_processed_at_sql(self, stage, left, now):
        """Keep a move pending if it opens a case or if a case is open."""
        if stage.opens_risk_case:
            return SQL("NULL::timestamp")
        return SQL(
            """
            CASE WHEN EXISTS (SELECT FROM crm_lifecycle_risk_case AS r
                               WHERE r.profile_id = p.id AND r.state IN %s)
                 THEN NULL::timestamp ELSE %s END
            """,
            OPEN_STATES,
            super()._get_processed_at_sql(stage, left, now),
        )

    @api.model
    def _get_steps(self, row):
        steps = super()._get_steps(row)
        stage = row.to_stage_id
        case = self._get_open_case(row.profile_id)
        if stage.opens_risk_case:
            name = self.env._("Open a risk case")
            steps.append(PlaybookStep("risk_open", "risk_open", stage, name))
        elif case and stage.category != "at_risk":
            name = self.env._("Close the risk case")
            steps.append(PlaybookStep("risk_close", "risk_close", case, name))
        return steps

    @api.model
    def _get_open_case(self, profile):
        """Return the customer's open case, or an empty recordset."""
        return self.env["crm.lifecycle.risk.case"]._get_open(profile)

    @api.model
    def _check_step(self, row, step):
        result = super()._check_step(row, step)
        if step.kind == "risk_open" and row._has_left_stage():
            raise StepSkipped(self.env._("The customer has left the stage again."))
        if step.kind == "risk_close" and row._is_before_merge():
            raise StepSkipped(self.env._("The customer has been merged since."))
        return result

    @api.model
    def _perform_risk_open(self, row, stage):
        if self._get_open_case(row.profile_id):
            raise StepSkipped(self.env._("The customer has an open risk case already."))
        _case, owner = self.env["crm.lifecycle.risk.case"]._open(row)
        return {"reason": owner.error or owner.warning}

    @api.model
    def _perform_risk_close(self, row, case):
        """Close the case as lost in a lost or ended stage, else as saved.

        A customer who is at risk for another reason than the stage keeps the case; the
        daily check closes it once the reason is gone.
        """
        is_lost = row.to_stage_id.category in LEFT_CATEGORIES
        profile = row.profile_id
        # sudo: health doesn't depend on who looks.
        if not is_lost and profile.sudo().filtered_domain(profile._get_risk_domain()):
            raise StepSkipped(
                self.env._(
                    "The customer is still at risk: %(reasons)s",
                    reasons=(profile.health_reasons or "").replace("\n", ", "),
                )
            )
        case._close("lost" if is_lost else "saved", row)
