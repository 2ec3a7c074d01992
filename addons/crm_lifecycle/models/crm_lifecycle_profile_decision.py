from typing import NamedTuple

from odoo import api, fields, models

from ..engine.scope import Scope

# Months back to which a decision looks.
DECISION_MONTHS = 24


class DecisionFigure(NamedTuple):
    """What a customer brought in, or was given, in the last `DECISION_MONTHS`.

    ``side`` is ``returned`` or ``given``; ``label`` is in the user's language; ``unit``
    is ``money`` (in the company's currency), ``hours`` or ``number``.
    """

    side: str
    label: str
    value: float
    unit: str = "money"


class CrmLifecycleProfile(models.Model):
    """Figures beside the decision whether to reinvest in a customer in decline."""

    _inherit = "crm.lifecycle.profile"

    needs_decision = fields.Boolean(related="stage_id.needs_decision")
    decision_figures = fields.Html(
        string="The last two years",
        compute="_compute_decision_figures",
        sanitize=False,
    )

    @api.depends("stage_id.needs_decision", "facts_date")
    @api.depends_context("lang", "uid")
    def _compute_decision_figures(self):
        """Show the figures of the customers in stages that need a decision."""
        self.decision_figures = False
        undecided = self.filtered(lambda profile: profile._origin.needs_decision)
        for company, profiles in undecided.grouped("company_id").items():
            company = company.sudo()  # the day and time zone are not confidential
            scope = Scope(
                company_id=company.id,
                as_of=company._lifecycle_today(),
                tz=company.lifecycle_tz or "UTC",
            )
            found = profiles._origin._get_decision_figures(scope)
            for profile in profiles:
                profile.decision_figures = profile._render_decision_figures(
                    found[profile._origin.id]
                )

    def _get_decision_figures(self, scope):
        """Extension point: return ``{profile id: [DecisionFigure]}``.

        Each addon appends to the lists, with one query for all customers. They are of
        one company; ``scope`` is as of today.
        """
        return {profile.id: [] for profile in self}

    def _render_decision_figures(self, figures):
        if not figures:
            return False
        labels = {
            "returned": self.env._("What came back"),
            "given": self.env._("What it cost"),
        }
        return self.env["ir.qweb"]._render(
            "crm_lifecycle.decision_figures",
            {
                "sides": [
                    (label, [figure for figure in figures if figure.side == side])
                    for side, label in labels.items()
                ],
                "currency": self.company_id.currency_id,
            },
        )
