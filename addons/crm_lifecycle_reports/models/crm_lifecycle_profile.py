import json

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    report_cell = fields.Char(
        compute="_compute_report_cell",
        search="_search_report_cell",
        export_string_translation=False,
        help="Finds the customers behind a number of a report.",
    )

    def _compute_report_cell(self):
        """A customer is behind many numbers: there is nothing to tell of one."""
        self.report_cell = False

    def _search_report_cell(self, operator, value):
        """Find customers by the question that a number of a report answers.

        The question is text (JSON), so that it fits in the domain of an action
        however many customers there are: ``model``, ``domain``, ``stage_id`` of
        cohorts by stage, and ``having``, a measure whose sum is above nothing. The
        rows are searched as the reader, so nothing comes of a question but what the
        reader may see.
        """
        if operator != "in":
            return NotImplemented
        return Domain.OR(self._get_cell_domain(question) for question in value)

    def _get_cell_domain(self, question):
        """Return the domain of the customers that one question finds."""
        question = json.loads(question)
        model = self.env.get(question.get("model"))
        if not hasattr(model, "_get_cell_action"):
            raise UserError(self.env._("There is no such report."))
        model = model.with_context(lifecycle_cohort_stage_id=question.get("stage_id"))
        query = model._search(Domain(question.get("domain") or []))
        profile = model._field_to_sql(model._table, "profile_id", query)
        having = question.get("having")
        if having:
            measure = model._field_to_sql(model._table, having, query)
            query.groupby = profile
            query.having = SQL("SUM(%s) > 0", measure)
        query.order = None
        found = query.select(profile)
        return Domain.custom(
            to_sql=lambda records, alias, query: SQL(
                "%s IN (%s)", SQL.identifier(alias, "id"), found
            )
        )

    # ------------------------------------------------------------
    # Merging
    # ------------------------------------------------------------

    def _adopt_history(self, sources):
        """Let the moves that reports keep follow those of the history."""
        result = super()._adopt_history(sources)
        self.env["crm.lifecycle.turn"]._count_anew(
            SQL("h.profile_id = ANY(%s)", (self | sources).ids)
        )
        return result
