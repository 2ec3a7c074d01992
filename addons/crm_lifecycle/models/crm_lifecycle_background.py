"""Long work: runs, replays, and moves of many customers."""

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import split_every

from ..profile.move_notice import get_move_notice
from ..run import replay

# Maximum number of customers for a run that users can wait for.
SMALL_RUN = 2000
# Same for previews, which write nothing.
SMALL_PREVIEW = 10_000
# Same for replays: days to evaluate, about 0.1 s each.
SMALL_REPLAY = 40
# Same for manual moves, each of which triggers automation.
SMALL_MOVE = 200
MOVE_BATCH = 100
# Maximum number of names in the list of customers that could not be moved.
MAX_NAMED = 20


class CrmLifecycle(models.Model):
    _inherit = "crm.lifecycle"

    @api.model
    def _is_run_long(self, company):
        """Return whether a run of the company is better done in the background."""
        return self._get_run_size(company, SMALL_RUN) > SMALL_RUN

    def _start_run(self, company):
        """Run the lifecycles in the background; return the action that shows it."""
        return self.env["background.task"]._enqueue(
            self,
            "_task_run",
            name=self.env._("Run of %(company)s", company=company.name),
            kind="run",
        )

    @api.model
    def _get_run_size(self, company, limit):
        """Return the number of customers in a run, counted up to about ``limit``."""
        # sudo: the number of customers is not confidential.
        Profile = self.env["crm.lifecycle.profile"].sudo()
        mine = [("company_id", "=", company.id)]
        count = Profile.search_count(mine, limit=limit + 1)
        if count <= limit and not self.env[
            "crm.lifecycle.run"
        ].sudo()._get_last_collected(company):
            # Before the first run, any lead or contact may be a customer.
            for name in ("crm.lead", "res.partner"):
                domain = [("company_id", "in", [False, company.id])]
                Model = self.env[name].sudo()
                count = max(count, Model.search_count(domain, limit=limit + 1))
        return count

    @api.model
    def _is_preview_long(self, companies):
        """Return whether a preview is better done in the background."""
        return any(
            self._get_run_size(company, SMALL_PREVIEW) > SMALL_PREVIEW
            for company in companies
        )

    @api.model
    def _is_replay_long(self, companies, months, step):
        """Return whether a replay and its run are better done in the background."""
        days = months * {"day": 30, "week": 5, "month": 1}[step] * len(companies)
        return days > SMALL_REPLAY or any(map(self._is_run_long, companies))

    @api.model
    def _format_replay_time(self, customers, months, step):
        """Return about how long a replay takes, in words."""
        seconds = replay.estimate_seconds(customers, months, step)
        if seconds < 90:
            return self.env._("About a minute or less")
        if seconds < 5400:
            return self.env._("About %(count)s minutes", count=round(seconds / 60))
        return self.env._("About %(count)s hours", count=round(seconds / 3600))

    def _task_run(self, progress):
        """Do `action_run` in the background."""
        self.check_access("write")
        company = self._get_run_company()
        # sudo: the run reads facts of every customer and document of the company.
        run = self.sudo()._run(company, checkpoint=progress, task=progress)
        return {"outcome": run._get_outcome(), "action": run._get_form_action()}


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    def _start_move(self, stage, reason):
        """Move the customers in the background; return the action that shows it."""
        self.check_access("write")
        return self.env["background.task"]._enqueue(
            self,
            "_task_move",
            {"stage_id": stage.id, "reason": reason},
            name=self.env._(
                "Move of %(count)s customers to %(stage)s",
                count=self._format_count(len(self)),
                stage=stage.name,
            ),
            kind="move",
            total=len(self),
        )

    def _task_move(self, progress, stage_id, reason):
        """Move the customers in batches, and list those that can't be moved."""
        stage = self.env["crm.lifecycle.stage"].browse(stage_id).exists()
        if not stage:
            raise UserError(self.env._("The stage to move to is gone."))
        profiles = self.exists().with_context(lifecycle_reason=reason)
        progress.begin(self.env._("Moving customers"), len(profiles))
        # sudo: the user may have lost access to customers, who are then not moved.
        waiting = profiles.sudo().filtered(lambda profile: profile.stage_id != stage)
        moved, refused = 0, []
        for ids in split_every(MOVE_BATCH, profiles.ids, list):
            count, why = progress.run_batch(profiles.browse(ids)._move_some, stage)
            moved += count
            refused += why
            progress.advance(len(ids))
        done = waiting.filtered(lambda profile: profile.stage_id == stage)
        notice = get_move_notice(done.with_env(self.env))
        return {"outcome": self._get_move_outcome(moved, refused, notice)}

    def _move_some(self, stage):
        """Move some customers; return how many moved, and the reasons of refusals.

        Customers who were reassigned meanwhile, or are in the stage already, stay.
        """
        mine = self._filtered_access("write").filtered(
            lambda profile: profile.stage_id != stage
        )
        try:
            with self.env.cr.savepoint():
                mine.write({"stage_id": stage.id})
            return len(mine), []
        except UserError:
            self.env.invalidate_all(flush=False)
        moved, refused = 0, []
        for profile in mine:
            try:
                with self.env.cr.savepoint():
                    profile.write({"stage_id": stage.id})
                moved += 1
            except UserError as error:
                self.env.invalidate_all(flush=False)
                refused.append(str(error))
        return moved, refused

    @api.model
    def _format_count(self, count):
        return self.env["background.task.progress.mixin"]._format_count(count)

    @api.model
    def _get_move_outcome(self, moved, refused, notice=False):
        text = self.env._("%(count)s customers moved.", count=self._format_count(moved))
        if notice:
            text = f"{text}\n{notice['message']}"
        if not refused:
            return text
        lines = [
            text,
            self.env._(
                "%(count)s could not be moved:",
                count=self._format_count(len(refused)),
            ),
            *refused[:MAX_NAMED],
        ]
        if len(refused) > MAX_NAMED:
            lines.append("…")
        return "\n".join(lines)
