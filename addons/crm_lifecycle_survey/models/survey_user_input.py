from odoo import fields, models

from odoo.addons.crm_lifecycle.models.crm_lifecycle_source import watermark_index


class SurveyUserInput(models.Model):
    _inherit = "survey.user_input"

    lifecycle_company_id = fields.Many2one(
        comodel_name="res.company",
        string="Asked by",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="The company that asked. Empty: the answer counts in each company whose "
        "customer the contact is.",
    )

    _lifecycle_written_idx = watermark_index("write_date, create_date, end_datetime")

    def _mark_done(self):
        """Let an answer move its customer within a minute."""
        result = super()._mark_done()
        self._touch_lifecycle()
        self.env["crm.lifecycle.touch"]._trigger_run()
        return result

    def write(self, vals):
        """The customer whom an answer leaves has no row to find."""
        if vals.keys() & {"partner_id", "lifecycle_company_id", "test_entry"}:
            self._touch_lifecycle()
        return super().write(vals)

    def unlink(self):
        self._touch_lifecycle()
        return super().unlink()

    def _touch_lifecycle(self):
        """Put the customers who answered on the work list, in every company."""
        Touch = self.env["crm.lifecycle.touch"]
        # Answers come from people without an account; the runs are told of them.
        partners = self.sudo().partner_id
        Touch._touch(self.env["res.company"], partners=partners)


class SurveyUserInputLine(models.Model):
    _inherit = "survey.user_input.line"

    _lifecycle_written_idx = watermark_index("write_date")

    def unlink(self):
        """An answer that is taken back leaves no row to find."""
        self.user_input_id._touch_lifecycle()
        return super().unlink()

    def _get_lifecycle_words(self):
        """Return the answer whole: its name is cut short, and 0 is none for it."""
        self.ensure_one()
        if self.answer_type == "scale":
            return str(self.value_scale)
        return self.value_text_box or str(self.display_name)
