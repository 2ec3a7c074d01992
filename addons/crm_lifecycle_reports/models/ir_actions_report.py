from odoo import api, fields, models

from ..engine import pages

# Millimetres: the letterhead is part of the text, the page numbers are below it.
MARGINS = {
    "data-report-margin-top": 12,
    "data-report-margin-bottom": 18,
    "data-report-header-spacing": 0,
}


class IrActionsReport(models.Model):
    """Documents with page numbers, and several at once, whatever prints them."""

    _inherit = "ir.actions.report"

    is_paged = fields.Boolean(
        string="Numbered pages",
        help="Each document is printed by itself and its pages are numbered, also "
        "where the converter can print neither footers nor several documents. For "
        "documents whose letterhead is part of the text.",
    )

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
        is_paged = report_ref and self._get_report(report_ref).is_paged
        if is_paged:
            header = footer = None
            specific_paperformat_args = {**(specific_paperformat_args or {}), **MARGINS}

        def convert(some):
            return super(IrActionsReport, self)._run_wkhtmltopdf(
                some,
                report_ref=report_ref,
                header=header,
                footer=footer,
                landscape=landscape,
                specific_paperformat_args=specific_paperformat_args,
                set_viewport_size=set_viewport_size,
            )

        if not is_paged:
            return convert(bodies)
        return pages.bind([pages.number(convert([body])) for body in bodies])
