from odoo import api, fields, models
from odoo.exceptions import UserError

from ..fields import Date

# Number of customers that the wizard names; the counts cover all of them.
MAX_SHOWN = 100


class CrmLifecycleCompare(models.TransientModel):
    """Compares where two lifecycles would place the present customers."""

    _name = "crm.lifecycle.compare"
    _description = "Comparison of Lifecycles"
    _inherit = ["crm.lifecycle.company.mixin"]

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
    left = fields.Selection(
        selection="_selection_side",
        string="This one",
        required=True,
        default=lambda self: self._default_side(0),
    )
    right = fields.Selection(
        selection="_selection_side",
        string="Against",
        required=True,
        default=lambda self: self._default_side(1),
    )
    result = fields.Html(readonly=True, sanitize=False)

    @api.depends("company_id")
    def _compute_as_of(self):
        for compare in self:
            compare.as_of = compare.company_id._lifecycle_today()

    @api.model
    def _selection_side(self):
        """Return the lifecycles that are not archived, and the templates."""
        lifecycles = self.env["crm.lifecycle"].search([("state", "!=", "archived")])
        states = dict(
            self.env["crm.lifecycle"]._fields["state"]._description_selection(self.env)
        )
        Template = self.env["crm.lifecycle.template"]
        return [
            *(
                (f"lifecycle:{item.id}", f"{item.name} ({states[item.state]})")
                for item in lifecycles
            ),
            *(
                (
                    f"template:{item['code']}",
                    self.env._(
                        "%(name)s (template)", name=Template._get_text(item["name"])
                    ),
                )
                for item in Template._load()
            ),
        ]

    @api.model
    def _default_side(self, number):
        """Return the default of a side: the active lifecycle, then the opened one."""
        Lifecycle = self.env["crm.lifecycle"]
        active = Lifecycle._get_active(self.env.company)[:1]
        opened = Lifecycle.browse(self.env.context.get("active_id") or []).exists()
        if self.env.context.get("active_model") != "crm.lifecycle":
            opened = Lifecycle
        sides = list(dict.fromkeys([*active, *opened]))
        chosen = [f"lifecycle:{item.id}" for item in sides]
        options = [key for key, _label in self._selection_side() if key not in chosen]
        return [*chosen, *options][number]

    def action_compare(self):
        """Run both lifecycles and show the differences, in the background if long."""
        self.ensure_one()
        if self.left == self.right:
            raise UserError(
                self.env._(
                    "Both sides are the same lifecycle. Choose another one on one side."
                )
            )
        self.env["crm.lifecycle"].check_access("write")
        self.result = False
        if self.env["crm.lifecycle"]._is_preview_long(self.company_id):
            options = dict(self._selection_side())
            return self.env["background.task"]._enqueue(
                self,
                "_task_compare",
                kind="preview",
                name=self.env._(
                    "Comparison of “%(left)s” with “%(right)s”",
                    left=options[self.left],
                    right=options[self.right],
                ),
            )
        self.result = self._render_comparison()
        return self._get_action()

    def _task_compare(self, progress):
        """Do `action_compare` in the background; the wizard shows what came of it."""
        compare = self.env["background.task"]._ensure_wizard(self)
        self.env["crm.lifecycle"].check_access("write")
        compare.result = compare._render_comparison(task=progress)
        return {
            "outcome": self.env._("The comparison is ready."),
            "action": compare._get_action(),
        }

    def _get_action(self):
        """Return the action that shows the wizard in its present state."""
        return {
            **self.env["ir.actions.actions"]._for_xml_id(
                "crm_lifecycle.crm_lifecycle_compare_action"
            ),
            "res_id": self.id,
        }

    def _render_comparison(self, task=None):
        """Return where the two lifecycles differ, without writing anything."""
        with self.env.cr.savepoint() as savepoint:
            values = self._get_values(task)
            result = self.env["ir.qweb"]._render("crm_lifecycle.comparison", values)
            self.env.flush_all()
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        return result

    def _get_side(self, key):
        """Return the lifecycle of a side; a template is created for the comparison."""
        kind, name = key.split(":")
        if kind == "template":
            # The lifecycle is rolled back: there is nothing to track.
            Template = self.env["crm.lifecycle.template"]
            return Template.with_context(tracking_disable=True)._instantiate(
                name, self.company_id
            )
        lifecycle = self.env["crm.lifecycle"].browse(int(name)).exists()
        if not lifecycle:
            raise UserError(
                self.env._("The lifecycle is not there any more. Choose another one.")
            )
        return lifecycle

    def _get_values(self, task=None):
        """Return the values of the template, with records in place of ids."""
        self.company_id._check_lifecycle_user()
        left, right = self._get_side(self.left), self._get_side(self.right)
        left_stages, right_stages = (
            side.stage_ids.sorted(lambda s: (s.sequence, s.id))
            for side in (left, right)
        )
        # A run reads the facts of every customer and document of the company.
        found = (
            self.env["crm.lifecycle"]
            .sudo()
            ._compare(
                self.company_id,
                left.sudo(),
                right.sudo(),
                self._get_equal_stages(left_stages, right_stages),
                self.as_of,
                limit=MAX_SHOWN,
                task=task,
            )
        )
        return {
            "left": left,
            "right": right,
            "problem": found["problem"],
            **self._get_matrix(found["matrix"], left_stages, right_stages),
            "same": set(self._get_equal_stages(left_stages, right_stages)),
            "total": sum(found["matrix"].values()),
            "differing": found["differing"],
            "customers": [
                {
                    "subject": self.env["crm.lifecycle.preview"]._get_subject(
                        row["partner"], row["lead"]
                    ),
                    "sides": [
                        self._format_side(row[side]) for side in ("left", "right")
                    ],
                }
                for row in found["customers"]
            ],
        }

    @api.model
    def _get_matrix(self, counts, left_stages, right_stages):
        """Return rows, columns and numbers of the table of both sides.

        Beyond the stages of its lifecycle, a side shows other stages, or no stage, only
        where they have customers.
        """
        Stage = self.env["crm.lifecycle.stage"]
        others = Stage.browse(
            {stage for pair in counts for stage in pair if stage}
            - {*left_stages.ids, *right_stages.ids}
        )
        empty = Stage.browse()
        rows = [*left_stages, *others, empty]
        columns = [*right_stages, *others, empty]
        matrix = {
            (row, column): counts.get((row.id or None, column.id or None), 0)
            for row in rows
            for column in columns
        }
        return {
            "rows": [
                row
                for row in rows
                if row in left_stages or any(matrix[row, column] for column in columns)
            ],
            "columns": [
                column
                for column in columns
                if column in right_stages or any(matrix[row, column] for row in rows)
            ],
            "matrix": matrix,
        }

    @api.model
    def _get_equal_stages(self, left, right):
        """Return the pairs of stages that correspond in both lifecycles.

        Stages match by code if both lifecycles have the same codes, else by category.
        """
        by = "category"
        if all(left.mapped("code")) and {*left.mapped("code")} == {
            *right.mapped("code")
        }:
            by = "code"
        return [
            (before.id, after.id)
            for before in left
            for after in right
            if before[by] == after[by]
        ]

    @api.model
    def _format_side(self, side):
        """Return a stage, and in words why a customer is in it."""
        History = self.env["crm.lifecycle.history"]
        row = History.new({"reason": side["reason"], "rule_id": side["rule"]})
        return {
            "stage": self.env["crm.lifecycle.stage"].browse(side["stage"] or []),
            "why": row.rule_id.name or row._get_reason(),
            "facts": self.env["crm.lifecycle.preview"]._format_facts(side["facts"]),
        }
