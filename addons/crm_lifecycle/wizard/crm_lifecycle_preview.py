from odoo import api, fields, models

# Customers named in the wizard; the counts are of all.
SHOWN = 50


class CrmLifecyclePreview(models.TransientModel):
    """What a lifecycle would do with the customers there are, before it does."""

    _name = "crm.lifecycle.preview"
    _description = "Preview of a Lifecycle"

    lifecycle_id = fields.Many2one(
        comodel_name="crm.lifecycle", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
        ondelete="cascade",
    )
    as_of = fields.Date(
        string="Day",
        compute="_compute_as_of",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
        help="The day to look at. A day to come tells what happens if nothing else "
        "does.",
    )
    result = fields.Html(compute="_compute_result", sanitize=False)

    @api.depends("company_id")
    def _compute_as_of(self):
        for preview in self:
            preview.as_of = preview.company_id._lifecycle_today()

    @api.depends("lifecycle_id", "company_id", "as_of")
    @api.depends_context("lang")
    def _compute_result(self):
        for preview in self:
            if not preview.as_of or not preview.company_id:
                preview.result = False
                continue
            preview.result = self.env["ir.qweb"]._render(
                "crm_lifecycle.preview", preview._get_values()
            )

    def _get_values(self):
        """Return what the template shows: records in place of ids."""
        self.ensure_one()
        self.lifecycle_id.check_access("write")
        # A run reads facts of every customer and document of the company.
        Lifecycle = self.env["crm.lifecycle"].sudo()
        company = self.company_id._origin or self.company_id
        lifecycle = self.lifecycle_id._origin or self.lifecycle_id
        lifecycles = Lifecycle._get_active(company) | lifecycle.sudo()
        found = Lifecycle._preview(
            company,
            lifecycles.sorted(lambda item: (item.sequence, item.id)),
            self.as_of,
            limit=SHOWN,
        )
        Stage = self.env["crm.lifecycle.stage"]
        Rule = self.env["crm.lifecycle.rule"]
        stages = Stage.browse(item for item in found["stages"] if item)
        stages |= lifecycle.stage_ids
        ordered = stages.sorted(
            lambda s: (s.lifecycle_id != lifecycle, s.lifecycle_id.id, s.sequence, s.id)
        )
        return {
            "lifecycle": lifecycle,
            "stages": [
                (stage, *found["stages"].get(stage.id, (0, 0))) for stage in ordered
            ],
            "without": found["stages"].get(None, (0, 0)),
            "moves": [
                (Stage.browse(before), Stage.browse(after), Rule.browse(rule), count)
                for before, after, rule, count in found["moves"]
            ],
            "total": sum(row[-1] for row in found["moves"]),
            "customers": [
                (
                    # The names of customers, for whoever may configure lifecycles.
                    self.env["res.partner"].sudo().browse(partner)
                    or self.env["crm.lead"].sudo().browse(lead),
                    Stage.browse(before),
                    Stage.browse(after),
                    Rule.browse(rule),
                )
                for _profile, partner, lead, before, after, rule in found["customers"]
            ],
        }
