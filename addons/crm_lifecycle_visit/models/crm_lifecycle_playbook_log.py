from odoo import api, fields, models
from odoo.tools import format_date

from odoo.addons.crm_lifecycle.engine.responsibles import SALESPERSON
from odoo.addons.crm_lifecycle.models.crm_lifecycle_playbook_log import (
    PlaybookStep,
    StepSkipped,
)


class CrmLifecyclePlaybookLog(models.Model):
    """Let the playbook worker plan return visits, once for each due day."""

    _inherit = "crm.lifecycle.playbook.log"

    kind = fields.Selection(
        selection_add=[("visit", "Return visit")], ondelete={"visit": "cascade"}
    )

    @api.model
    def _get_due_work(self):
        return [
            *super()._get_due_work(),
            *((self._plan_visit, item) for item in self._get_waiting_visits()),
        ]

    @api.model
    def _get_waiting_visits(self):
        """Return the ids of the customers with a visit to plan now."""
        Run = self.env["crm.lifecycle.run"].sudo()  # `sudo()`: runs of all companies
        profile_ids = []
        for run in Run._get_runs_with_due_work("visits_planned_at"):
            due = run._get_due_visits()
            profile_ids.extend(due)
            if not due:
                run.visits_planned_at = self.env.cr.now()
        return profile_ids

    @api.model
    def _plan_visit(self, profile_id):
        """Plan a customer's visit if still due. Return False if they are locked."""
        # `sudo()`: steps do not depend on the access rights of a user.
        profile = self.env["crm.lifecycle.profile"].sudo().browse(profile_id)
        if not profile.try_lock_for_update(allow_referencing=True):
            return False
        runs = profile.env["crm.lifecycle.run"]._get_runs_with_due_work(
            "visits_planned_at"
        )
        for run in runs.filtered(lambda item: item.company_id == profile.company_id):
            for row_id, day in run._get_due_visits(profile.ids).values():
                row = self._prepare_row(
                    self.env["crm.lifecycle.history"].browse(row_id)
                )
                steps = self.with_env(row.env)
                steps._perform(row, steps._get_visit_step(row, day))
        self.env.flush_all()
        return True

    @api.model
    def _get_visit_step(self, row, day):
        """Return the visit due on a day as a step, with the day as its key."""
        return PlaybookStep(
            "visit",
            f"visit:{day}",
            row.to_stage_id,
            self.env._("Return visit of %(date)s", date=format_date(self.env, day)),
        )

    @api.model
    def _perform_visit(self, row, stage):
        profile = row.profile_id
        if not stage.visit_days:
            raise StepSkipped(self.env._("The stage asks for no visits any more."))
        found = profile._find_responsible(SALESPERSON)
        if found.error:
            raise StepSkipped(found.error)
        visit = self.env["crm.lifecycle.visit"].create(
            {
                "profile_id": profile.id,
                "user_id": found.user.id,
                "date_due": row.company_id._lifecycle_today(),
            }
        )
        return {"activity_id": visit.activity_id.id, "reason": found.warning}

    @api.model
    def _check_step(self, row, step):
        result = super()._check_step(row, step)
        if step.kind == "visit" and row._has_left_stage():
            raise StepSkipped(self.env._("The customer has left the stage again."))
        return result

    def _find_playbook_step(self):
        if self.kind == "visit":
            day = fields.Date.to_date(self.key.removeprefix("visit:"))
            return self._get_visit_step(self.history_id, day)
        return super()._find_playbook_step()
