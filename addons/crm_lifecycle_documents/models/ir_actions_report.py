from functools import cache

from odoo import api, fields, models

from ..engine import pages, running_header

# Millimetres: the letterhead is part of the text; header and numbers are in margins.
TOP = 18
MARGINS = {
    "data-report-margin-top": TOP,
    "data-report-margin-bottom": 18,
    "data-report-header-spacing": 0,
}
HEADER_MARGINS = {**MARGINS, "data-report-margin-top": 8}


class IrActionsReport(models.Model):
    """Documents with headers and page numbers, several at once, with any converter.

    They have inline styles and no scripts, so the converter does not wait for requests
    to a busy server.
    """

    _inherit = "ir.actions.report"

    lifecycle_is_paged = fields.Boolean(
        string="Numbered pages",
        help="Each document is printed by itself and its pages are numbered, also "
        "where the converter can print neither footers nor several documents. For "
        "documents whose letterhead is part of the text.",
    )

    def _get_layout(self):
        if len(self) == 1 and self.lifecycle_is_paged:
            return self.env.ref("crm_lifecycle_documents.print_layout")
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
        if not report_ref or not self._get_report(report_ref).lifecycle_is_paged:
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

        @cache  # the customers of a pack share their company's header
        def convert(body, is_header):
            return super(IrActionsReport, report)._run_wkhtmltopdf(
                [body],
                report_ref=report_ref,
                landscape=landscape,
                specific_paperformat_args={
                    **(specific_paperformat_args or {}),
                    **(HEADER_MARGINS if is_header else MARGINS),
                },
                set_viewport_size=set_viewport_size,
            )

        return report._bind_documents(bodies, convert)

    @api.model
    def _bind_documents(self, bodies, convert):
        """Return documents as one PDF, each with its numbers and its running header."""
        documents = []
        for body in bodies:
            pdf = convert(body, False)
            header = pages.count(pdf) > 1 and running_header.get_running_header(body)
            header = header and convert(header, True)
            documents.append(pages.add_page_numbers(pdf, header, TOP))
        return pages.merge(documents)
