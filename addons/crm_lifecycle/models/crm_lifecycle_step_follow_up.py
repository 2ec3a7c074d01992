"""Planning the follow-ups that are due, one customer at a time."""

from odoo import api, models
from odoo.tools import format_date

from .crm_lifecycle_step import PlaybookStep, StepSkipped


class CrmLifecycleStep(models.Model):
    _inherit = "crm.lifecycle.step"

    @api.model
    def _get_timed_work(self):
        """Extension point: return what is due on its day, ``[(method, id)]``.

        A method does its work for one customer in a transaction of its own, and
        returns whether it could. `crm.lifecycle.run._has_timed_work` wakes the worker.
        """
        return [(self._follow_up, item) for item in self._get_waiting_follow_ups()]

    @api.model
    def _get_waiting_follow_ups(self):
        """Return the ids of the customers whose follow-up is to be planned now.

        A run of which nothing is left is noted to be done.
        """
        Run = self.env["crm.lifecycle.run"].sudo()  # every company's
        profile_ids = []
        for run in Run._get_to_follow_up():
            due = run._get_due_follow_ups()
            profile_ids.extend(due)
            if not due:
                run.followed_up_at = self.env.cr.now()
        return profile_ids

    @api.model
    def _follow_up(self, profile_id):
        """Plan the follow-up of one customer, if it is due still.

        Return whether it could be: a customer whom somebody else holds is left to
        the next call. Whoever moves them meanwhile waits, or makes us try again.
        """
        # Steps are the company's, not a user's.
        profile = self.env["crm.lifecycle.profile"].sudo().browse(profile_id)
        if not profile.try_lock_for_update(allow_referencing=True):
            return False
        runs = profile.env["crm.lifecycle.run"]._get_to_follow_up()
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
        """Return the follow-up that is due in a stay, as a step of its playbook.

        Its key is the day: one for each time that the clock runs out.
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
        """Plan an activity for the person whom the stage names."""
        profile, kind = row.profile_id, stage.follow_up_activity_type_id
        if not profile.follow_up_date or not kind:
            raise StepSkipped(self.env._("The stage asks for no follow-up any more."))
        if stage.follow_up_responsible == "other":
            user, warning = self._check_user(stage.follow_up_user_id), False
        else:
            found = profile._find_responsible(stage.follow_up_responsible)
            if found.error:
                raise StepSkipped(found.error)
            user, warning = found.user, found.warning
        activity = profile.activity_schedule(
            activity_type_id=kind.id,
            summary=self.with_context(lang=user.lang)._get_follow_up_summary(profile),
            note=kind.default_note,
            user_id=user.id,
            date_deadline=profile.follow_up_date,
        )
        return {"activity_id": activity.id, "reason": warning}

    @api.model
    def _get_follow_up_summary(self, profile):
        """Return why the customer should hear from us, in the reader's language."""
        if not profile.last_contact_date:
            return self.env._("Follow up: no contact yet")
        return self.env._(
            "Follow up: no contact since %(date)s",
            date=format_date(self.env, profile.last_contact_date),
        )
