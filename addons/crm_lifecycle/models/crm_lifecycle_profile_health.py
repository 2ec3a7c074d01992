from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain

LEVELS = [("good", "Good"), ("watch", "Watch"), ("at_risk", "At risk")]
# Categories of stages in which a customer without signs is in good health.
HEALTHY_CATEGORIES = ("customer", "loyal")


class HealthSign(NamedTuple):
    """Fact which shows that a relation needs care.

    ``level``, one of `LEVELS`, applies to the customers in ``domain``, a domain on
    profiles; ``text`` is the reason, in the user's language.
    """

    level: str
    domain: Domain
    text: str


class CrmLifecycleProfile(models.Model):
    """Health of the relation with the customer, derived from existing facts.

    There is no score: the worst sign decides, and all signs are listed. No sign uses
    amounts of money, so any user who works for the customer may see it.
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
        """Extension point: return the `HealthSign` list of relations that need care."""
        return [
            HealthSign(
                "at_risk",
                Domain("stage_category", "=", "at_risk"),
                self.env._("The stage is one of customers at risk"),
            ),
            HealthSign(
                "at_risk",
                Domain("stage_category", "=", "lost"),
                self.env._("The stage is one of lost customers"),
            ),
            HealthSign(
                "watch",
                Domain("follow_up_date", "<=", "today -7d"),
                self.env._("A follow-up is due for a week or more"),
            ),
        ]

    @api.depends_context("lang")
    @api.depends("stage_id", "follow_up_date")
    def _compute_health(self):
        # As superuser: any user who sees the customer sees its health, without the
        # documents that it is derived from.
        asked = self.filtered_domain(self._get_health_domain())
        healthy = asked.filtered_domain(
            Domain("stage_category", "in", HEALTHY_CATEGORIES)
        )
        levels = dict.fromkeys(healthy, "good")
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
        """Return the domain of the customers with a health level."""
        return Domain("stage_category", "!=", "ended") & Domain(
            "is_objecting", "=", False
        )

    def _search_health(self, operator, value):
        if operator != "in":
            return NotImplemented
        signs = self._get_health_signs()
        worst = Domain.OR(s.domain for s in signs if s.level == "at_risk")
        watch = Domain.OR(s.domain for s in signs if s.level == "watch") & ~worst
        good = Domain("stage_category", "in", HEALTHY_CATEGORIES) & ~worst & ~watch
        found = {"at_risk": worst, "watch": watch, "good": good}
        asked = self._get_health_domain()
        domain = Domain.OR(asked & found[level] for level in value if level in found)
        if False in value:
            domain |= ~(asked & (worst | watch | good))
        return domain
