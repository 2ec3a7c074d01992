from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL, format_date

from odoo.addons.crm_lifecycle.models.crm_lifecycle_playbook_log import (
    PlaybookStep,
    StepSkipped,
)


class CrmLifecyclePlaybookLog(models.Model):
    """Let the playbook worker send surveys, once per stay.

    The log, the survey link and the email are one transaction: a worker that is killed
    leaves all of them, or none.
    """

    _inherit = "crm.lifecycle.playbook.log"

    kind = fields.Selection(
        selection_add=[("survey", "Survey")], ondelete={"survey": "cascade"}
    )
    survey_input_id = fields.Many2one(
        comodel_name="survey.user_input",
        string="Answer",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        groups="survey.group_survey_user",
    )
    survey_state = fields.Selection(
        selection=[
            ("new", "No answer yet"),
            ("in_progress", "Begun"),
            ("done", "Answered"),
        ],
        string="Answered",
        compute="_compute_survey_state",
        search="_search_survey_state",
    )

    @api.depends("survey_input_id.state")
    def _compute_survey_state(self):
        for step in self:
            # `sudo()`: users who may read the customer may see whether they have
            # answered.
            step.survey_state = step.sudo().survey_input_id.state

    def _search_survey_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        # `sudo()` as in `_compute_survey_state`.
        inputs = self.env["survey.user_input"].sudo()._search([("state", "in", value)])
        steps = self.sudo()._search([("survey_input_id", "in", inputs)])
        return [("id", "in", steps)]

    # ------------------------------------------------------------
    # Due surveys
    # ------------------------------------------------------------

    @api.model
    def _get_due_work(self):
        return [
            *super()._get_due_work(),
            *((self._send_survey, item) for item in self._get_waiting_surveys()),
        ]

    @api.model
    def _get_waiting_surveys(self):
        """Return the ids of the customers with a survey due now."""
        Run = self.env["crm.lifecycle.run"].sudo()  # `sudo()`: runs of all companies
        profile_ids = []
        for run in Run._get_runs_with_due_work("surveyed_at"):
            due = run._get_due_surveys()
            profile_ids.extend(due)
            if not due:
                run.surveyed_at = self.env.cr.now()
        return profile_ids

    @api.model
    def _send_survey(self, profile_id):
        """Send a customer the survey if still due. Return False if they are locked."""
        # `sudo()`: steps do not depend on the access rights of a user.
        profile = self.env["crm.lifecycle.profile"].sudo().browse(profile_id)
        if not profile.try_lock_for_update(allow_referencing=True):
            return False
        runs = profile.env["crm.lifecycle.run"]._get_runs_with_due_work("surveyed_at")
        for run in runs.filtered(lambda item: item.company_id == profile.company_id):
            for row_id in run._get_due_surveys(profile.ids).values():
                row = self._prepare_row(
                    self.env["crm.lifecycle.history"].browse(row_id)
                )
                steps = self.with_env(row.env)
                steps._perform(row, steps._get_survey_step(row))
        self.env.flush_all()
        return True

    @api.model
    def _get_survey_step(self, row):
        """Return the survey of a stay as a step, with the survey as its key."""
        stage = row.to_stage_id
        return PlaybookStep(
            "survey", f"survey:{stage.survey_id.id}", stage, stage.survey_id.title
        )

    @api.model
    def _check_step(self, row, step):
        result = super()._check_step(row, step)
        if step.kind == "survey" and row._has_left_stage():
            raise StepSkipped(self.env._("The customer has left the stage again."))
        return result

    def _find_playbook_step(self):
        if self.kind == "survey":
            return self._get_survey_step(self.history_id)._replace(key=self.key)
        return super()._find_playbook_step()

    # ------------------------------------------------------------
    # Sending
    # ------------------------------------------------------------

    @api.model
    def _perform_survey(self, row, stage):
        """Send the customer an individual link, unless a check forbids it."""
        profile, survey = row.profile_id, stage.survey_id
        partner = profile.partner_id
        self._check_survey(survey, profile)
        self._reserve_survey(profile)
        answer = survey._create_answer(
            partner=partner,
            email=partner.email,
            check_attempts=False,
            lifecycle_company_id=row.company_id.id,
        )
        template = stage.survey_template_id or self.env.ref(
            "crm_lifecycle_survey.mail_template_survey"
        )
        sender = profile.user_id.partner_id
        sender = sender if sender.email else row.company_id.partner_id
        template.send_mail(
            answer.id,
            force_send=False,
            email_values={
                "email_to": False,
                "recipient_ids": [Command.link(partner.id)],
                **(
                    {"email_from": sender.email_formatted, "author_id": sender.id}
                    if sender.email
                    else {}
                ),
            },
        )
        return {"survey_input_id": answer.id}

    @api.model
    def _check_survey(self, survey, profile):
        """Extension point: raise `StepSkipped` if a customer must not be surveyed."""
        partner = profile.partner_id
        if not survey.active:
            raise StepSkipped(self.env._("The stage has no open survey any more."))
        if not partner:
            raise StepSkipped(self.env._("The lead has no contact yet."))
        if not partner.email_normalized:
            raise StepSkipped(self.env._("The customer has no email address."))
        if profile._get_blacklisted([partner.email]):
            raise StepSkipped(
                self.env._("The customer's email address is on the blacklist.")
            )

    @api.model
    def _reserve_survey(self, profile):
        """Reserve the request, or raise `StepSkipped` if the last one is too recent.

        Days are those of the company. The last request is read from the answers of any
        origin, including open ones. Writing the day on the customer serializes
        requests: a concurrent transaction fails, is retried, and then sees this
        request.
        """
        company = profile.company_id
        today, days = company._lifecycle_today(), company.lifecycle_survey_days
        last = profile._get_last_survey_date()
        if last and days > 0 and (today - last).days < days:
            raise StepSkipped(
                self.env._(
                    "Asked on %(date)s: a customer is asked once in %(days)s days.",
                    date=format_date(self.env, last),
                    days=days,
                )
            )
        self.env.cr.execute(
            SQL(
                "UPDATE crm_lifecycle_profile SET survey_asked_date = %s WHERE id = %s",
                today,
                profile.id,
            )
        )
        profile.invalidate_recordset(["survey_asked_date"])
