"""Planning the follow-ups that are due, one customer at a time."""

from odoo import api, models
from odoo.tools import format_date

from .crm_lifecycle_playbook_log import PlaybookStep, StepSkipped


class CrmLifecyclePlaybookLog(models.Model):
    _inherit = "crm.lifecycle.playbook.log"

    @api.model
    def _get_due_work(self):
        """Extension point: return the work that is due on its day, ``[(method, id)]``.

        A method does its work for one customer in its own transaction, and returns
        whether it could. `crm.lifecycle.run._has_due_work` triggers the worker.
        """
        return [(self._follow_up, item) for item in self._get_pending_follow_ups()]

    @api.model
    def _get_pending_follow_ups(self):
        """Return the ids of the customers with a follow-up to plan now.

        Runs without any left are marked as finished.
        """
        Run = self.env["crm.lifecycle.run"].sudo()  # sudo: all companies
        profile_ids = []
        for run in Run._get_runs_with_due_work():
            due = run._get_due_follow_ups()
            profile_ids.extend(due)
            if not due:
                run.followed_up_at = self.env.cr.now()
        return profile_ids

    @api.model
    def _follow_up(self, profile_id):
        """Plan the follow-up of one customer, if it is still due.

        Return whether this was possible: a customer locked by another transaction is
        left to the next call. A concurrent move waits, or makes this call retry.
        """
        # sudo: steps act for the company, not for a user.
        profile = self.env["crm.lifecycle.profile"].sudo().browse(profile_id)
        if not profile.try_lock_for_update(allow_referencing=True):
            return False
        runs = profile.env["crm.lifecycle.run"]._get_runs_with_due_work()
        for run in runs.filtered(lambda item: item.company_id == profile.company_id):
            for row_id in run._get_due_follow_ups(profile.ids).values():
                row = self._prepare_row(
                    self.env["crm.lifecycle.history"].browse(row_id)
                )
                steps = self.with_env(row.env)
                steps._perform(row, steps._get_follow_up_step(row))
        self.env.flush_all()
        return True

    @api.model
    def _get_follow_up_step(self, row):
        """Return the follow-up that is due in a stay, as a playbook step.

        Its key contains the day, so there is one each time the clock runs out.
        """
        day = row.profile_id.follow_up_date
        return PlaybookStep(
            "follow_up",
            f"follow_up:{day}",
            row.to_stage_id,
            self.env._("Follow-up of %(date)s", date=format_date(self.env, day)),
        )

    @api.model
    def _perform_follow_up(self, row, stage):
        """Plan an activity for the user that the stage specifies."""
        profile, activity_type = row.profile_id, stage.follow_up_activity_type_id
        if not profile.follow_up_date or not activity_type:
            raise StepSkipped(self.env._("The stage asks for no follow-up any more."))
        if stage.follow_up_responsible == "other":
            found = profile._find_fixed_responsible(stage.follow_up_user_id)
        else:
            found = profile._find_responsible(stage.follow_up_responsible)
        if found.error:
            raise StepSkipped(found.error)
        user = self._check_user(found.user)
        activity = profile.activity_schedule(
            activity_type_id=activity_type.id,
            summary=self.with_context(lang=user.lang)._get_follow_up_summary(profile),
            note=activity_type.default_note,
            user_id=user.id,
            date_deadline=profile.follow_up_date,
        )
        return {"activity_id": activity.id, "reason": found.warning}

    @api.model
    def _get_follow_up_summary(self, profile):
        """Return the summary of the activity, in the user's language."""
        if not profile.last_contact_date:
            return self.env._("Follow up: no contact yet")
        return self.env._(
            "Follow up: no contact since %(date)s",
            date=format_date(self.env, profile.last_contact_date),
        )
