from typing import NamedTuple

from babel.dates import format_skeleton

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import babel_locale_parse
from odoo.tools.misc import get_lang

from odoo.addons.crm_lifecycle.storage import raise_work_mem

from ..engine import cohorts as engine

DATE_SKELETONS = {"month": "yMMM", "quarter": "yQQQ", "year": "y"}
# Maximum number of cohorts shown, latest first.
LIMIT = 24


class Anchor(NamedTuple):
    """Start of a cohort: a date, and the measure of its size."""

    key: str
    label: str
    field: str
    size: str


class Measure(NamedTuple):
    """Value to follow over time, as an aggregate of the report's rows."""

    key: str
    label: str
    aggregate: str
    # A running total over the periods, or else a value per period.
    is_cumulative: bool
    is_amount: bool = False

    def get_aggregate(self, interval):
        """Return the aggregate, which may depend on the length of the periods."""
        return self.aggregate.format(interval=interval)


class CrmLifecycleCohortMixin(models.AbstractModel):
    """Report with rows that cohort views can group by cohort and period."""

    _name = "crm.lifecycle.cohort.mixin"
    _description = "Cohorts"

    @api.model
    def _get_cohort_anchors(self):
        """Extension point: return the list of `Anchor`, the default one first."""
        return []

    @api.model
    def _get_cohort_measures(self):
        """Extension point: return the list of `Measure`, the default one first."""
        return []

    @api.model
    def _get_cohort_note(self):
        """Extension point: return a note about the figures for users, or False."""
        return False

    @api.model
    def _get_cohort_currency(self):
        """Return the currency of amounts: that of the user's current company."""
        return self.env.company.currency_id

    @api.model
    def _get_cohort_stages(self):
        """Return the stages that cohorts by first entry can start from."""
        return self.env["crm.lifecycle.stage"]

    # ------------------------------------------------------------
    # Table
    # ------------------------------------------------------------

    @api.model
    @api.readonly
    def get_lifecycle_cohorts(self, domain, options=None):
        """Return a table of cohorts and all that is needed to draw it.

        ``options`` are ``anchor``, ``measure`` (keys), ``interval`` (month, quarter or
        year) and ``stage_id`` (for cohorts by entry into a stage). The table includes
        only rows that the user may read.
        """
        anchor, measure, interval, stage_id = self._read_cohort_options(options or {})
        # Group millions of rows in memory instead of sorting them on disk.
        raise_work_mem(self.env.cr)
        rows = self._with_cohort_stage(stage_id)._get_cohort_sums(
            domain, anchor, measure, interval
        )
        cohorts = engine.build_cohorts(
            rows,
            interval,
            is_cumulative=measure.is_cumulative,
            is_amount=measure.is_amount,
            limit=LIMIT,
        )
        currency = self._get_cohort_currency()
        return {
            "anchor": anchor.key,
            "measure": measure.key,
            "interval": interval,
            "stage_id": stage_id,
            "anchors": [[item.key, item.label] for item in self._get_cohort_anchors()],
            "measures": [
                [item.key, item.label] for item in self._get_cohort_measures()
            ],
            "stages": [
                [stage.id, stage.display_name] for stage in self._get_cohort_stages()
            ],
            "currency_id": currency.id if measure.is_amount else False,
            "cohorts": [self._format_cohort(cohort, interval) for cohort in cohorts],
            "average": engine.get_average(cohorts),
            "note": self._get_cohort_note(),
        }

    @api.model
    def _get_cohort_sums(self, domain, anchor, measure, interval):
        """Return ``[(cohort, period, value, size)]`` of the user's rows.

        With several companies, foreign amounts are converted at today's rate, as in
        Odoo's own reports.
        """
        keys = [f"{anchor.field}:{interval}", f"date:{interval}"]
        sums = self._read_group(
            Domain(domain)
            & Domain(anchor.field, "!=", False)
            & Domain(self._get_cohort_row_domain(anchor)),
            keys + ["currency_id"] * measure.is_amount,
            [measure.get_aggregate(interval), anchor.size],
        )
        if not measure.is_amount:
            return [(*key, value or 0, size or 0) for *key, value, size in sums]
        company, today = self.env.company, fields.Date.context_today(self)
        target = self._get_cohort_currency()
        return [
            (
                start,
                period,
                currency._convert(value or 0, target, company, today, round=False),
                size or 0,
            )
            for start, period, currency, value, size in sums
        ]

    @api.model
    def _format_cohort(self, cohort, interval):
        """Return the values of a cohort for the view."""
        return {
            "start": fields.Date.to_string(cohort.start),
            "label": self._get_period_label(cohort.start, interval),
            "size": cohort.size,
            "cells": [
                {
                    "value": value,
                    "share": value / cohort.base if cohort.base else None,
                }
                for value in cohort.cells
            ],
        }

    @api.model
    def _get_period_label(self, start, interval):
        locale = babel_locale_parse(get_lang(self.env).code)
        return format_skeleton(DATE_SKELETONS[interval], start, locale=locale)

    @api.model
    def _read_cohort_options(self, options):
        """Return the requested anchor, measure, interval and stage."""
        anchors = {item.key: item for item in self._get_cohort_anchors()}
        measures = {item.key: item for item in self._get_cohort_measures()}
        anchor = anchors.get(options.get("anchor")) or next(iter(anchors.values()))
        measure = measures.get(options.get("measure")) or next(iter(measures.values()))
        interval = options.get("interval") or "month"
        if interval not in DATE_SKELETONS:
            raise UserError(self.env._("Cohorts are by month, quarter or year."))
        stage_id = False
        if anchor.key == "stage":
            stages = self._get_cohort_stages()
            stage = stages.filtered(lambda item: item.id == options.get("stage_id"))
            stage_id = (stage or stages[:1]).id
        return anchor, measure, interval, stage_id

    @api.model
    def _with_cohort_stage(self, stage_id):
        return self.with_context(lifecycle_cohort_stage_id=stage_id)

    @api.model
    def _get_cohort_row_domain(self, anchor):
        """Extension point: return the domain of the rows for a kind of cohort."""
        return Domain.TRUE

    # ------------------------------------------------------------
    # Drill-down
    # ------------------------------------------------------------

    @api.model
    def get_lifecycle_cohort_action(self, domain, options, start, index=None):
        """Return the action that shows the customers of a cell or cohort."""
        anchor, measure, interval, stage_id = self._read_cohort_options(options)
        start = fields.Date.to_date(start)
        end = engine.add_periods(start, 1, interval)
        domain = Domain(domain) & Domain(
            [(anchor.field, ">=", start), (anchor.field, "<", end)]
        )
        title = self._get_period_label(start, interval)
        having = None
        if index is None:
            domain &= self._get_cohort_start_domain(anchor)
        else:
            period = engine.add_periods(start, index, interval)
            domain &= Domain("date", "<", engine.add_periods(period, 1, interval))
            if measure.is_cumulative:
                having = measure.get_aggregate(interval).partition(":")[0]
            else:
                domain &= Domain("date", ">=", period)
                domain &= Domain(self._get_cohort_event_domain(measure))
            title = self.env._(
                "%(cohort)s, %(measure)s in %(period)s",
                cohort=title,
                measure=measure.label,
                period=self._get_period_label(period, interval),
            )
        return self._with_cohort_stage(stage_id)._get_cell_action(title, domain, having)

    @api.model
    def _get_cohort_start_domain(self, anchor):
        """Return the domain of the rows that count for the size of a cohort."""
        return Domain(anchor.size.partition(":")[0], ">", 0)

    @api.model
    def _get_cohort_event_domain(self, measure):
        """Return the domain of the rows that count for a non-running measure."""
        return Domain.TRUE
