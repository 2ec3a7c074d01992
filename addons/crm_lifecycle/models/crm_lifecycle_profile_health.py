from collections.abc import Callable
from typing import NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain

from ..engine.bounds import MAX_DAYS

LEVELS = [("good", "Good"), ("watch", "Watch"), ("at_risk", "At risk")]
# Categories of stages in which a customer without signs is in good health.
HEALTHY_CATEGORIES = ("customer", "loyal")
# Categories of stages of present customers.
KEPT_CATEGORIES = (*HEALTHY_CATEGORIES, "at_risk")


def get_place(number):
    """Return the default place of the reason of a sign in a list of signs."""
    return (number + 1) * 10


class HealthSign(NamedTuple):
    """Fact which shows that a relation needs care.

    ``level``, one of `LEVELS`, applies to the customers in ``domain``, a domain on
    profiles; ``text`` is the reason, in the user's language. If the sign has a
    ``threshold``, both are functions of it.

    ``code`` identifies the sign in the settings of a company, ``name`` names it there.
    A company may switch it off and change its level, its place among the reasons, and
    its threshold, from ``minimum`` to ``maximum``. A sign without a code always holds.

    The value of ``lifecycle_field``, a field of the lifecycle, replaces the threshold
    of the company unless it is 0.
    """

    level: str
    domain: Domain | Callable[[int], Domain]
    text: str | Callable[[int], str]
    code: str | None = None
    name: str = ""
    threshold: int = 0
    unit: str = "days"
    minimum: int = 1
    maximum: int = MAX_DAYS
    lifecycle_field: str | None = None

    def settle(self, level, threshold, scope):
        """Return the sign with a level and a threshold, for customers in a domain."""
        domain = self.domain(threshold) if self.threshold else self.domain
        text = self.text(threshold) if self.threshold else self.text
        return SettledSign(self.code, level, scope & domain, text)


class SettledSign(NamedTuple):
    """A sign with one level and one threshold, for the customers in ``domain``."""

    code: str | None
    level: str
    domain: Domain
    text: str


class CrmLifecycleProfile(models.Model):
    """Health of the relation with the customer, derived from existing facts.

    There is no score: the worst sign decides, and all signs are listed. No reason names
    an amount of money, so any user who works for the customer may see it.
    """

    _inherit = "crm.lifecycle.profile"

    health = fields.Selection(
        selection=LEVELS,
        compute="_compute_health",
        compute_sudo=True,
        search="_search_health",
        help="At risk or Watch: the worst sign decides. Good: a customer without any "
        "sign. Empty: a prospect, a customer who has ended, or one who objects to "
        "profiling.",
    )
    health_reasons = fields.Text(
        string="Why",
        compute="_compute_health",
        compute_sudo=True,
    )
    is_at_risk = fields.Boolean(
        string="At risk",
        compute="_compute_is_at_risk",
        compute_sudo=True,
        search="_search_is_at_risk",
        help="The health is At risk, and the customer is not lost.",
    )

    # ------------------------------------------------------------
    # Signs
    # ------------------------------------------------------------

    @api.model
    def _get_health_signs(self):
        """Extension point: return the `HealthSign` list of relations that need care."""
        return [
            HealthSign(
                "at_risk",
                Domain("stage_category", "=", "at_risk"),
                self.env._("The stage is one of customers at risk"),
                code="stage_at_risk",
                name=self.env._("Stage of customers at risk"),
            ),
            HealthSign(
                "at_risk",
                Domain("stage_category", "=", "lost"),
                self.env._("The stage is one of lost customers"),
                code="stage_lost",
                name=self.env._("Stage of lost customers"),
            ),
            HealthSign(
                "at_risk",
                # `any!` skips access rules: users learn only that there is a tag.
                Domain("tag_ids", "any!", [("is_warning", "=", True)]),
                self.env._("The customer has a warning tag"),
                code="warning_tag",
                name=self.env._("Warning tag"),
            ),
            HealthSign(
                "watch",
                self._get_silence_domain,
                lambda days: self.env._(
                    "No order and no contact for %(days)s days or more", days=days
                ),
                code="silence",
                name=self.env._("No order and no contact"),
                threshold=90,
                lifecycle_field="silence_days",
            ),
            HealthSign(
                "watch",
                lambda days: Domain("follow_up_date", "<=", f"today -{days}d"),
                lambda days: self.env._(
                    "A follow-up is due for %(days)s days or more", days=days
                ),
                code="follow_up",
                name=self.env._("Follow-up overdue"),
                threshold=7,
            ),
        ]

    @api.model
    def _get_activity_facts(self):
        """Extension point: return the facts with the last day of what a customer did.

        A customer without any of these days since the threshold is silent.
        """
        return ["first_seen_date", "last_contact_date"]

    @api.model
    def _get_silence_domain(self, days):
        """Return the domain of the customers who have been silent for some days."""
        names = self._get_activity_facts()
        before = {name: Domain(name, "<=", f"today -{days}d") for name in names}
        return Domain.AND(
            [
                Domain("stage_category", "in", KEPT_CATEGORIES),
                Domain.OR(before.values()),
                *(Domain(name, "=", False) | before[name] for name in names),
            ]
        )

    @api.model
    def _get_settled_signs(self):
        """Return a `SettledSign` for each level and threshold of each sign in use."""
        settings = {}
        for setting in self.env["crm.lifecycle.health.sign"]._get_settings():
            settings.setdefault(setting.code, []).append(setting)
        return [
            sign.settle(level, threshold, companies & lifecycles)
            for sign in self._get_health_signs()
            for level, value, companies in self._get_companies_by_setting(
                sign, settings.get(sign.code, ())
            )
            for threshold, lifecycles in self._get_lifecycles_by_threshold(sign, value)
        ]

    @api.model
    def _get_companies_by_setting(self, sign, settings):
        """Return ``[(level, threshold, domain of the companies)]`` of a sign in use.

        Companies with the defaults of the sign share one item with those that have no
        settings.
        """
        default = (sign.level, sign.threshold)
        companies = {}
        for setting in settings:
            level, threshold = setting.level, sign.threshold and setting.threshold
            key = (level, threshold) if setting.is_enabled else None
            if key != default:
                companies.setdefault(key, []).append(setting.company_id)
        different = [number for ids in companies.values() for number in ids]
        rest = Domain("company_id", "not in", different) if different else Domain.TRUE
        return [
            (*default, rest),
            *(
                (*key, Domain("company_id", "in", ids))
                for key, ids in companies.items()
                if key
            ),
        ]

    @api.model
    def _get_lifecycles_by_threshold(self, sign, threshold):
        """Return ``[(threshold, domain of the lifecycles)]`` of a sign.

        :param threshold: for lifecycles that have none of their own
        """
        if not sign.lifecycle_field:
            return [(threshold, Domain.TRUE)]
        own = self.env["crm.lifecycle"]._get_own_thresholds(sign.lifecycle_field)
        ids = [lifecycle_id for ids in own.values() for lifecycle_id in ids]
        rest = Domain("lifecycle_id", "not in", ids) if ids else Domain.TRUE
        return [
            (threshold, rest),
            *((days, Domain("lifecycle_id", "in", ids)) for days, ids in own.items()),
        ]

    @api.model
    def _get_health_order(self):
        """Return a function of a sign and a profile: the place of the sign's reason."""
        places = {
            (setting.code, setting.company_id): setting.sequence
            for setting in self.env["crm.lifecycle.health.sign"]._get_settings()
        }
        codes = [sign.code for sign in self._get_health_signs()]
        defaults = {code: get_place(number) for number, code in enumerate(codes)}

        def get_order(sign, profile):
            key = sign.code, profile.company_id.id
            return places.get(key, defaults[sign.code])

        return get_order

    @api.model
    def _invalidate_health(self):
        """Have the health of customers computed again."""
        names = ["health", "health_reasons", "is_at_risk"]
        self.invalidate_model(names, flush=False)

    # ------------------------------------------------------------
    # Health
    # ------------------------------------------------------------

    @api.depends_context("lang")
    @api.depends("stage_id", "follow_up_date", "tag_ids")
    def _compute_health(self):
        # As superuser: any user who sees the customer sees its health, without the
        # documents that it is derived from.
        asked = self.filtered_domain(self._get_health_domain())
        healthy = asked.filtered_domain(
            Domain("stage_category", "in", HEALTHY_CATEGORIES)
        )
        levels = dict.fromkeys(healthy, "good")
        found = {}
        for sign in self._get_settled_signs():
            for profile in asked.filtered_domain(sign.domain):
                found.setdefault(profile, []).append(sign)
                if levels.get(profile) != "at_risk":
                    levels[profile] = sign.level
        get_order = self._get_health_order()
        for profile in self:
            signs = sorted(
                found.get(profile, ()), key=lambda sign: get_order(sign, profile)
            )
            profile.health = levels.get(profile)
            profile.health_reasons = "\n".join(sign.text for sign in signs) or False

    @api.depends("health", "stage_id.category")
    def _compute_is_at_risk(self):
        for profile in self:
            profile.is_at_risk = (
                profile.health == "at_risk" and profile.stage_category != "lost"
            )

    @api.model
    def _get_health_domain(self):
        """Return the domain of the customers with a health level."""
        return Domain("stage_category", "!=", "ended") & Domain(
            "is_objecting", "=", False
        )

    def _search_health(self, operator, value):
        if operator != "in":
            return NotImplemented
        signs = self._get_settled_signs()
        worst = Domain.OR(s.domain for s in signs if s.level == "at_risk")
        watch = Domain.OR(s.domain for s in signs if s.level == "watch") & ~worst
        good = Domain("stage_category", "in", HEALTHY_CATEGORIES) & ~worst & ~watch
        found = {"at_risk": worst, "watch": watch, "good": good}
        asked = self._get_health_domain()
        domain = Domain.OR(asked & found[level] for level in value if level in found)
        if False in value:
            domain |= ~(asked & (worst | watch | good))
        return domain

    def _search_is_at_risk(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = self._get_at_risk_domain()
        return domain if True in value else ~domain

    @api.model
    def _get_at_risk_domain(self, ignored=()):
        """Return the domain of the customers at risk.

        :param ignored: codes of signs to leave out
        """
        return (
            self._get_health_domain()
            & Domain("stage_category", "!=", "lost")
            & Domain.OR(
                sign.domain
                for sign in self._get_settled_signs()
                if sign.level == "at_risk" and sign.code not in ignored
            )
        )
