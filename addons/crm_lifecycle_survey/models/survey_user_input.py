from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.mail import email_normalize

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class SurveyUserInput(models.Model):
    _name = "survey.user_input"
    _inherit = ["crm.lifecycle.owner.mixin", "survey.user_input"]

    _lifecycle_owner_fields = frozenset(
        {"partner_id", "lifecycle_company_id", "test_entry"}
    )

    lifecycle_company_id = fields.Many2one(
        comodel_name="res.company",
        string="Asked by",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The company that asked. Empty: the answer counts in each company whose "
        "customer the contact is.",
    )

    lifecycle_email = fields.Char(
        string="Email of a public answer",
        compute="_compute_lifecycle_email",
        store=True,
        help="The normalized email of an answer without a contact, which names the "
        "customer.",
    )
    lifecycle_respondent_ids = fields.One2many(
        comodel_name="crm.lifecycle.survey.respondent", inverse_name="user_input_id"
    )

    _lifecycle_written_idx = watermark_index("write_date, create_date, end_datetime")
    _lifecycle_email_idx = models.Index(
        "(lifecycle_email) WHERE lifecycle_email IS NOT NULL"
    )

    @api.depends("email", "partner_id")
    def _compute_lifecycle_email(self):
        for answer in self:
            email = not answer.partner_id and email_normalize(answer.email or "")
            answer.lifecycle_email = email or False

    def _mark_done(self):
        """Evaluate the customer within a minute."""
        result = super()._mark_done()
        self._mark_lifecycle_pending()
        self.env["crm.lifecycle.pending"]._trigger_run()
        return result

    @api.model
    def _get_owners_sql(self):
        return SQL("SELECT o.lifecycle_company_id, o.partner_id, NULL::int")

    def write(self, vals):
        """Forget who answered by a public link: the next run looks again."""
        owners = {"partner_id", "email", "lifecycle_company_id", "test_entry"}
        if vals.keys() & owners:
            # `sudo()`: respondents have no account, but write their own answer.
            respondents = self.sudo().lifecycle_respondent_ids
            self.env["crm.lifecycle.pending"]._mark_pending(
                self.env["res.company"], partners=respondents.partner_id
            )
            respondents.unlink()
        return super().write(vals)

    def unlink(self):
        self._mark_lifecycle_pending()
        return super().unlink()

    def _mark_lifecycle_pending(self):
        """Add the customers who answered to the work list, in every company."""
        Pending = self.env["crm.lifecycle.pending"]
        # `sudo()`: respondents have no account, but their customers must be queued.
        answers = self.sudo()
        partners = answers.partner_id | answers.lifecycle_respondent_ids.partner_id
        Pending._mark_pending(self.env["res.company"], partners=partners)


class SurveyUserInputLine(models.Model):
    _inherit = "survey.user_input.line"

    _lifecycle_written_idx = watermark_index("write_date")

    def unlink(self):
        """Refresh the customers of deleted answers, which leave no row to find."""
        self.user_input_id._mark_lifecycle_pending()
        return super().unlink()

    def _get_lifecycle_answer(self):
        """Return the full answer: its display name is truncated, and hides 0."""
        self.ensure_one()
        if self.answer_type == "scale":
            return str(self.value_scale)
        return self.value_text_box or str(self.display_name)
