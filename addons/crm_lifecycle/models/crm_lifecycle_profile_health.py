from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain

LEVELS = [("good", "Good"), ("watch", "Watch"), ("at_risk", "At risk")]
# Categories of stages in which a customer without any sign is well.
WELL = ("customer", "loyal")


class Sign(NamedTuple):
    """A fact that tells that a relation needs care.

    ``level``, one of `LEVELS`, is how the customer is where the ``domain`` on profiles
    holds; ``text`` says why, in the reader's language.
    """

    level: str
    domain: Domain
    text: str


class CrmLifecycleProfile(models.Model):
    """How the relation with the customer is, read off facts that are there anyway.

    No score: the worst sign decides, and all signs are told in words. None is about
    money, so that whoever works for the customer may see it.
    """

    _inherit = "crm.lifecycle.profile"

    health = fields.Selection(
        selection=LEVELS,
        compute="_compute_health",
        compute_sudo=True,
        search="_search_health",
        help="At risk or Watch: a sign tells so, and the worst one decides. Good: a "
        "customer without any. Empty: nobody's customer (yet, or any more), or "
        "somebody who objects to profiling.",
    )
    health_reasons = fields.Text(
        string="Why",
        compute="_compute_health",
        compute_sudo=True,
    )

    @api.model
    def _get_health_signs(self):
        """Extension point: return the signs that relations need care, `Sign`."""
        return [
            Sign(
                "at_risk",
                Domain("stage_category", "=", "at_risk"),
                self.env._("The stage is one of customers at risk"),
            ),
            Sign(
                "at_risk",
                Domain("stage_category", "=", "lost"),
                self.env._("The stage is one of lost customers"),
            ),
            Sign(
                "watch",
                Domain("follow_up_date", "<=", "today -7d"),
                self.env._("A follow-up is due for a week or more"),
            ),
        ]

    @api.depends_context("lang")
    @api.depends("stage_id", "follow_up_date")
    def _compute_health(self):
        # All rights: whoever sees the customer sees how they are; the documents that
        # tell it are not shown.
        asked = self.filtered_domain(self._get_health_domain())
        well = asked.filtered_domain(Domain("stage_category", "in", WELL))
        levels = dict.fromkeys(well, "good")
        reasons = {}
        for sign in self._get_health_signs():
            for profile in asked.filtered_domain(sign.domain):
                reasons.setdefault(profile, []).append(sign.text)
                if levels.get(profile) != "at_risk":
                    levels[profile] = sign.level
        for profile in self:
            profile.health = levels.get(profile)
            profile.health_reasons = "\n".join(reasons.get(profile, ())) or False

    @api.model
    def _get_health_domain(self):
        """Return the domain of those of whom anything is told."""
        return Domain("stage_category", "!=", "ended") & Domain(
            "is_objecting", "=", False
        )

    def _search_health(self, operator, value):
        if operator != "in":
            return NotImplemented
        signs = self._get_health_signs()
        worst = Domain.OR(s.domain for s in signs if s.level == "at_risk")
        watch = Domain.OR(s.domain for s in signs if s.level == "watch") & ~worst
        good = Domain("stage_category", "in", WELL) & ~worst & ~watch
        found = {"at_risk": worst, "watch": watch, "good": good}
        asked = self._get_health_domain()
        domain = Domain.OR(asked & found[level] for level in value if level in found)
        if False in value:
            domain |= ~(asked & (worst | watch | good))
        return domain
