from odoo import api, fields, models

from ..fields import Date

# Number of customers that the wizard names; the counts cover all of them.
MAX_SHOWN = 100


class CrmLifecyclePreview(models.TransientModel):
    """Preview of what a lifecycle would do with the present customers."""

    _name = "crm.lifecycle.preview"
    _description = "Preview of a Lifecycle"
    _inherit = ["crm.lifecycle.company.mixin", "crm.lifecycle.reference.mixin"]

    _readable_fields = ("lifecycle_id",)

    lifecycle_id = fields.Many2one(
        comodel_name="crm.lifecycle", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        default=lambda self: self.env.company,
        ondelete="cascade",
    )
    as_of = Date(
        string="Day",
        compute="_compute_as_of",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
        help="The day to look at. A day to come tells what happens if nothing else "
        "does.",
    )
    is_replacing = fields.Boolean(
        string="In place of the active ones",
        compute="_compute_is_replacing",
        precompute=True,
        store=True,
        readonly=False,
        help="As if no other lifecycle were active.",
    )
    is_long = fields.Boolean(compute="_compute_is_long")
    result = fields.Html(
        compute="_compute_result",
        compute_sudo=False,  # `_render_preview` checks access
        store=True,
        sanitize=False,
    )

    @api.depends("company_id")
    def _compute_as_of(self):
        for preview in self:
            preview.as_of = preview.company_id._lifecycle_today()

    @api.depends("lifecycle_id")
    def _compute_is_replacing(self):
        for preview in self:
            preview.is_replacing = preview.lifecycle_id.state == "draft"

    @api.depends("company_id")
    def _compute_is_long(self):
        Lifecycle = self.env["crm.lifecycle"]
        for preview in self:
            company = preview.company_id._origin or preview.company_id
            preview.is_long = bool(company) and Lifecycle._is_preview_long(company)

    @api.depends("lifecycle_id", "company_id", "as_of", "is_replacing")
    def _compute_result(self):
        """Compute a short preview at once; a long one runs in the background."""
        for preview in self:
            preview.result = False
            if preview.as_of and preview.company_id and not preview.is_long:
                preview.result = preview._render_preview()

    def _render_preview(self, task=None):
        """Return what the lifecycle would do, without writing anything."""
        self.ensure_one()
        lifecycle = self.lifecycle_id._origin or self.lifecycle_id
        company = self.company_id._origin or self.company_id
        lifecycles = lifecycle
        if not self.is_replacing:
            lifecycles |= self.env["crm.lifecycle"]._get_active(company)
        return self.env["ir.qweb"]._render(
            "crm_lifecycle.preview",
            self._get_preview_values(
                lifecycle, lifecycles, company, self.as_of, task=task
            ),
        )

    def action_look(self):
        """Start the preview in the background."""
        self.ensure_one()
        self.lifecycle_id._check_configuration_access()
        return self.env["background.task"]._enqueue(
            self,
            "_task_preview",
            kind="preview",
            name=self.env._("Preview of “%(name)s”", name=self.lifecycle_id.name),
        )

    def _task_preview(self, progress):
        """Do `action_look`; the wizard shows what came of it."""
        preview = self.env["background.task"]._ensure_wizard(self)
        preview.result = preview._render_preview(task=progress)
        action = self.env["ir.actions.actions"]._for_xml_id(
            "crm_lifecycle.crm_lifecycle_preview_action"
        )
        return {
            "outcome": self.env._("The preview is ready."),
            "action": {
                **action,
                "res_id": preview.id,
                "context": {"dialog_size": "extra-large"},
            },
        }

    @api.model
    def _get_preview_values(
        self, lifecycle, lifecycles, company, as_of=None, limit=MAX_SHOWN, task=None
    ):
        """Return the template values of a lifecycle that runs among ``lifecycles``."""
        lifecycle._check_configuration_access()
        company._check_lifecycle_user()
        # A run reads the facts of every customer and document of the company.
        found = (
            self.env["crm.lifecycle"]
            .sudo()
            ._preview(
                company,
                lifecycles.sudo().sorted(lambda item: (item.sequence, item.id)),
                as_of,
                limit=limit,
                task=task,
            )
        )
        Stage = self.env["crm.lifecycle.stage"]
        Rule = self.env["crm.lifecycle.rule"]
        stages = Stage.browse(item for item in found["stages"] if item)
        stages |= lifecycle.stage_ids
        ordered = stages.sorted(
            lambda s: (s.lifecycle_id != lifecycle, s.lifecycle_id.id, s.sequence, s.id)
        )
        rows = [(stage, *found["stages"].get(stage.id, (0, 0))) for stage in ordered]
        return {
            "lifecycle": lifecycle,
            "problem": found["problem"],
            "stages": rows,
            "largest": max((count for row in rows for count in row[1:]), default=0),
            "without": found["stages"].get(None, (0, 0)),
            "moves": [
                (Stage.browse(before), Stage.browse(after), Rule.browse(rule), count)
                for before, after, rule, count in found["moves"]
            ],
            "total": sum(row[-1] for row in found["moves"]),
            "customers": [
                (
                    self._get_subject(partner, lead),
                    Stage.browse(before),
                    Stage.browse(after),
                    Rule.browse(rule),
                    self._format_facts(found["facts"].get(profile)),
                )
                for profile, partner, lead, before, after, rule in found["customers"]
            ],
        }

    @api.model
    def _get_subject(self, partner_id, lead_id):
        """Return the contact or lead of a customer."""
        # Users who configure lifecycles see the names of all customers.
        if partner_id:
            return self.env["res.partner"].sudo().browse(partner_id)
        return self.env["crm.lead"].sudo().browse(lead_id or [])

    @api.model
    def _format_facts(self, facts):
        """Return the facts that a rule looked at, in words."""
        Profile = self.env["crm.lifecycle.profile"]
        History = self.env["crm.lifecycle.history"]
        return ", ".join(
            f"{field._description_string(self.env)}: "
            f"{History._format_fact(field, value)}"
            for name, value in (facts or {}).items()
            if (field := Profile._fields.get(name))
        )
