from functools import cache

from odoo import api, fields, models

from ..engine import heads, pages

# Millimetres. The letterhead is in the text; head and page numbers are in the margins.
TOP = 18
MARGINS = {
    "data-report-margin-top": TOP,
    "data-report-margin-bottom": 18,
    "data-report-header-spacing": 0,
}
HEAD_MARGINS = {**MARGINS, "data-report-margin-top": 8}


class IrActionsReport(models.Model):
    """Print documents with running heads and page numbers, one or several at once.

    They have inline styles and no scripts, so the converter does not wait for requests
    to a busy server.
    """

    _inherit = "ir.actions.report"

    is_paged = fields.Boolean(
        string="Numbered pages",
        help="Each document is printed by itself and its pages are numbered, also "
        "where the converter can print neither footers nor several documents. For "
        "documents whose letterhead is part of the text.",
    )

    def _get_layout(self):
        if len(self) == 1 and self.is_paged:
            return self.env.ref("crm_lifecycle_reports.paper_layout")
        return super()._get_layout()

    @api.model
    def _build_wkhtmltopdf_args(
        self,
        paperformat_id,
        landscape,
        specific_paperformat_args=None,
        set_viewport_size=False,
    ):
        args = super()._build_wkhtmltopdf_args(
            paperformat_id,
            landscape,
            specific_paperformat_args=specific_paperformat_args,
            set_viewport_size=set_viewport_size,
        )
        if self.env.context.get("lifecycle_paged"):
            args += ["--javascript-delay", "1"]
        return args

    @api.model
    def _run_wkhtmltopdf(
        self,
        bodies,
        report_ref=False,
        header=None,
        footer=None,
        landscape=False,
        specific_paperformat_args=None,
        set_viewport_size=False,
    ):
        if not report_ref or not self._get_report(report_ref).is_paged:
            return super()._run_wkhtmltopdf(
                bodies,
                report_ref=report_ref,
                header=header,
                footer=footer,
                landscape=landscape,
                specific_paperformat_args=specific_paperformat_args,
                set_viewport_size=set_viewport_size,
            )
        report = self.with_context(lifecycle_paged=True)

        @cache  # documents of one company share their head
        def convert(body, is_head):
            return super(IrActionsReport, report)._run_wkhtmltopdf(
                [body],
                report_ref=report_ref,
                landscape=landscape,
                specific_paperformat_args={
                    **(specific_paperformat_args or {}),
                    **(HEAD_MARGINS if is_head else MARGINS),
                },
                set_viewport_size=set_viewport_size,
            )

        return report._bind_papers(bodies, convert)

    @api.model
    def _bind_papers(self, bodies, convert):
        """Return documents as one PDF, with page numbers and running heads."""
        papers = []
        for body in bodies:
            pdf = convert(body, False)
            head = pages.count(pdf) > 1 and heads.get_head(body)
            papers.append(pages.number(pdf, head and convert(head, True), TOP))
        return pages.bind(papers)
