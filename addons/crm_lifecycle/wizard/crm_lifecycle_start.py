from markupsafe import Markup

from odoo import api, fields, models

# How the stages of a category look in the preview of a template.
CHIP_CLASSES = {
    "at_risk": "text-bg-warning",
    "lost": "text-bg-danger",
    "ended": "text-bg-secondary",
}


class CrmLifecycleStart(models.TransientModel):
    """Start a lifecycle of one's own from a template."""

    _name = "crm.lifecycle.start"
    _description = "Start a Lifecycle"

    template_code = fields.Selection(
        selection="_selection_template_code",
        string="Template",
        required=True,
        default=lambda self: self._selection_template_code()[0][0],
    )
    name = fields.Char(
        compute="_compute_name",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        default=lambda self: self.env.company,
        help="Empty: the lifecycle runs in every company.",
    )
    # Preview of the template
    description = fields.Text(compute="_compute_preview")
    source = fields.Char(compute="_compute_preview")
    stage_path = fields.Html(
        string="Stages", compute="_compute_preview", sanitize=False
    )
    left_out = fields.Html(compute="_compute_preview", sanitize=False)

    @api.depends("template_code")
    def _compute_name(self):
        Template = self.env["crm.lifecycle.template"]
        for start in self:
            template = Template._get(start.template_code)
            start.name = Template._get_text(template["name"])

    @api.depends("template_code")
    @api.depends_context("lang")
    def _compute_preview(self):
        Template = self.env["crm.lifecycle.template"]
        for start in self:
            template = Template._get(start.template_code)
            start.description = Template._get_text(template["description"])
            start.source = Template._get_text(template["source"])
            start.stage_path = start._render_stages(template["stages"])
            start.left_out = start._render_left_out()

    @api.model
    def _selection_template_code(self):
        Template = self.env["crm.lifecycle.template"]
        return [
            (template["code"], Template._get_text(template["name"]))
            for template in Template._load()
        ]

    def _render_stages(self, stages):
        """Return the stages as a row of chips, each with its goal as a tooltip."""
        Template = self.env["crm.lifecycle.template"]
        return Markup(" ").join(
            Markup('<span class="badge rounded-pill %s" title="%s">%s</span>')
            % (
                CHIP_CLASSES.get(stage["category"], "text-bg-info"),
                Template._get_text(stage["goal"]),
                Template._get_text(stage["name"]),
            )
            for stage in stages
        )

    def _render_left_out(self):
        """Return the rules that can't be computed here, by what they need."""
        Template = self.env["crm.lifecycle.template"]
        left_out = Template._get_left_out_by_origin(self.template_code)
        if not left_out:
            return False
        return Markup('<ul class="mb-0">%s</ul>') % Markup().join(
            Markup("<li><b>%s</b>: %s</li>")
            % (
                self.env._("Without %(what)s", what=origin),
                "; ".join(names),
            )
            for origin, names in left_out.items()
        )

    def action_start(self):
        """Make the lifecycle and open it, as a draft to look over."""
        self.ensure_one()
        Template = self.env["crm.lifecycle.template"]
        lifecycle = Template._instantiate(self.template_code, self.company_id)
        if self.name != lifecycle.name:
            # A name that somebody chose is its name in every language.
            langs = [code for code, _name in self.env["res.lang"].get_installed()]
            lifecycle.update_field_translations(
                "name", dict.fromkeys([*langs, "en_US"], self.name)
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": "crm.lifecycle",
            "res_id": lifecycle.id,
            "view_mode": "form",
        }
