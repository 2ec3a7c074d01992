import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.crm_lifecycle.access import as_reader
from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_condition import (
    DOMAIN_ERRORS,
)
from odoo.addons.crm_lifecycle.personal_data import ALL, KEEP, PersonalModel


class CrmLifecycleProfile(models.Model):
    _inherit = "crm.lifecycle.profile"

    report_cell = fields.Char(
        compute="_compute_report_cell",
        search="_search_report_cell",
        export_string_translation=False,
        help="Finds the customers behind a number of a report.",
    )

    def _compute_report_cell(self):
        """No value: the field exists only for searches."""
        self.report_cell = False

    def _search_report_cell(self, operator, value):
        """Find the customers behind a number of a report.

        The value is JSON text, so that it fits in the domain of an action for any
        number of customers. Keys: ``model``, ``domain``, ``stage_id`` of cohorts by
        stage, and ``having``, a measure with a positive sum. The rows are searched with
        the user's access rights, even if the calling code uses `sudo()`.
        """
        if operator != "in":
            return NotImplemented
        return Domain.OR(self._get_cell_domain(question) for question in value)

    def _get_cell_domain(self, question):
        """Return the domain of the customers that a question finds.

        :raises UserError: if the question is not one that a report asks
        """
        question = self._parse_cell_question(question)
        model = as_reader(self.env[question["model"]]).with_context(
            lifecycle_cohort_stage_id=question.get("stage_id")
        )
        try:
            query = model._search(Domain(question.get("domain") or []))
            profile = model._field_to_sql(model._table, "profile_id", query)
            having = question.get("having")
            if having:
                measure = model._field_to_sql(model._table, having, query)
                query.groupby = profile
                query.having = SQL("SUM(%s) > 0", measure)
        except DOMAIN_ERRORS as error:
            raise self._get_cell_error() from error
        query.order = None
        found = query.select(profile)
        return Domain.custom(
            to_sql=lambda records, alias, query: SQL(
                "%s IN (%s)", SQL.identifier(alias, "id"), found
            )
        )

    def _parse_cell_question(self, text):
        """Parse a question and check its structure."""
        try:
            question = json.loads(text)
        except (TypeError, ValueError, RecursionError) as error:
            raise self._get_cell_error() from error
        is_question = (
            isinstance(question, dict)
            and isinstance(question.get("model"), str)
            and hasattr(self.env.get(question["model"]), "_get_cell_action")
            and type(question.get("stage_id") or 0) is int
            and isinstance(question.get("having") or "", str)
        )
        if not is_question:
            raise self._get_cell_error()
        return question

    def _get_cell_error(self):
        return UserError(
            self.env._(
                "These customers can't be found: the link does not come from a "
                "report. Open the report and choose its number again."
            )
        )

    @api.model
    def _get_fields_without_conditions(self):
        return super()._get_fields_without_conditions() | {"report_cell"}

    # ------------------------------------------------------------
    # Merge
    # ------------------------------------------------------------

    def _merge_history(self, sources):
        """Refresh the stored turns of merged profiles."""
        result = super()._merge_history(sources)
        self.env["crm.lifecycle.growth.event"]._recompute_events(
            SQL("h.profile_id = ANY(%s)", (self | sources).ids)
        )
        return result

    def _split_related_records(self, source, rows):
        """Refresh the stored turns of separated profiles."""
        result = super()._split_related_records(source, rows)
        self.env["crm.lifecycle.growth.event"]._recompute_events(
            SQL("h.profile_id = ANY(%s)", (self | source).ids)
        )
        return result

    @api.model
    def _get_personal_models(self):
        return [
            *super()._get_personal_models(),
            PersonalModel(
                name="crm.lifecycle.growth.event",
                decision=KEEP,
                links=("profile_id",),
                kept=ALL,  # amounts and days
                is_technical=True,
            ),
            PersonalModel(
                name="crm.lifecycle.growth.stale",
                decision=KEEP,  # until the next refresh
                links=("profile_id",),
                is_technical=True,
            ),
        ]
