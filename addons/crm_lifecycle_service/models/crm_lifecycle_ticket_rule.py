import logging

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from odoo.addons.crm_lifecycle.fields import Conditions, Integer
from odoo.addons.crm_lifecycle.models.crm_lifecycle_profile_condition import (
    QUERY_ERRORS,
)

_logger = logging.getLogger(__name__)


class CrmLifecycleTicketRule(models.Model):
    """Rule that assigns tickets of some customers, and sets their priority.

    When a ticket is created, the first rule with conditions that its customer meets is
    applied, and a note on the ticket gives the reason. Staff may change the values
    afterwards.
    """

    _name = "crm.lifecycle.ticket.rule"
    _description = "Ticket Assignment Rule"
    _inherit = ["crm.lifecycle.company.mixin", "crm.lifecycle.reference.mixin"]
    _order = "sequence, id"
    _readable_fields = ("stage_ids",)

    name = fields.Char(required=True, translate=True)
    sequence = Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        comodel_name="res.company",
        default=lambda self: self.env.company,
        index=True,
        help="Empty: for the tickets of all companies.",
    )
    # Customers
    category = fields.Selection(
        selection=lambda self: (
            self.env["crm.lifecycle.stage"]
            ._fields["category"]
            ._description_selection(self.env)
        ),
        string="Stage category",
        help="Only customers in stages of this category, of whatever lifecycle.",
    )
    stage_ids = fields.Many2many(
        comodel_name="crm.lifecycle.stage",
        relation="crm_lifecycle_ticket_rule_stage_rel",
        string="Stages",
        help="Only customers in one of these stages. Empty: in any.",
    )
    domain = Conditions(
        string="Conditions",
        default="[]",
        required=True,
        help="What else is true of the customer, such as the loyalty tier.",
    )
    # Values
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Assign to",
        domain="[('share', '=', False)]",
        index="btree_not_null",
    )
    priority = fields.Selection(
        selection=[("1", "Medium"), ("2", "High"), ("3", "Very high")],
        string="At least priority",
        help="A ticket that is more urgent already stays so.",
    )

    @api.constrains("domain", "company_id")
    def _check_domain(self):
        """Reject conditions that are invalid, or that their author may not read."""
        for rule in self:
            self.env["crm.lifecycle.profile"]._check_conditions(
                rule.domain, rule._get_label()
            )

    @api.constrains("user_id", "priority")
    def _check_effect(self):
        """Reject a rule without effect."""
        for rule in self:
            if not rule._get_effect():
                raise ValidationError(
                    self.env._(
                        "The rule “%(name)s” sets nothing. Choose who works on the "
                        "tickets, or how urgent they are.",
                        name=rule.name,
                    )
                )

    def _get_label(self):
        """Return the name of the rule for messages."""
        self.ensure_one()
        return self.env._("rule “%(name)s”", name=self.name)

    def _get_condition(self, day):
        """Return the domain of the customers that the rule applies to on a day."""
        self.ensure_one()
        domain = self.env["crm.lifecycle.profile"]._get_fact_domain(
            self.domain, day, self._get_label()
        )
        if self.category:
            domain &= Domain("stage_id.category", "=", self.category)
        if self.stage_ids:
            domain &= Domain("stage_id", "in", self.stage_ids.ids)
        return domain

    @api.model
    def _match_tickets(self, tickets):
        """Return ``{rule: tickets}``, with the first rule that applies to each ticket.

        One search per rule for any number of tickets. If the conditions of a rule are
        invalid, the tickets that it is checked for get no rule at all: whether it would
        apply before the next rules is unknown.
        """
        # `sudo()`: the stage decides even if the user who creates the ticket can't read
        # it.
        rules = self.sudo().search([("active", "=", True)])
        if not rules or not tickets:
            return {}
        Profile = self.env["crm.lifecycle.profile"].sudo()
        profiles = tickets._get_lifecycle_profiles(Profile)
        found = {}
        for rule in rules:
            waiting = Profile.browse({profile.id for profile in profiles.values()})
            if not waiting:
                break
            matching = rule._try_filter_profiles(waiting)
            if matching is None:
                profiles = {
                    t: p for t, p in profiles.items() if not rule._applies_to(p)
                }
                continue
            mine = [t for t, profile in profiles.items() if profile in matching]
            if mine:
                found[rule] = tickets.browse(ticket.id for ticket in mine)
                profiles = {t: p for t, p in profiles.items() if t not in found[rule]}
        return found

    def _try_filter_profiles(self, profiles):
        """Call `_filter_profiles`, and return None if the conditions are invalid."""
        try:
            with self.env.cr.savepoint():
                return self._filter_profiles(profiles)
        except (ValidationError, *QUERY_ERRORS) as error:
            _logger.warning("Ticket rule %s: %s", self.id, error)
            return None

    def _applies_to(self, profile):
        """Return whether the rule applies in the company of a customer."""
        return self.company_id in (profile.company_id, self.env["res.company"])

    def _filter_profiles(self, profiles):
        """Return the profiles that the rule applies to, each on its own local day."""
        self.ensure_one()
        matching = profiles.browse()
        for company, some in profiles.grouped("company_id").items():
            if self.company_id in (company, self.env["res.company"]):
                matching |= some.with_context(active_test=False).search(
                    Domain("id", "in", some.ids)
                    & self._get_condition(company._lifecycle_today())
                )
        return matching

    # ------------------------------------------------------------
    # Descriptions
    # ------------------------------------------------------------

    def _get_effect(self, ticket=None):
        """Extension point: return a list of texts on what the rule sets.

        :param ticket: for this ticket; by default for any
        """
        self.ensure_one()
        effect = []
        if self.user_id:
            effect.append(self.env._("assigned to %(user)s", user=self.user_id.name))
        if self.priority:
            labels = dict(self._fields["priority"]._description_selection(self.env))
            effect.append(
                self.env._(
                    "priority at least %(priority)s", priority=labels[self.priority]
                )
            )
        return effect

    def _explain(self, ticket):
        """Return the note on a ticket: rule, customer's stage and effect."""
        self.ensure_one()
        ticket = ticket.sudo()  # only the customer's stage, no amounts
        customer = [self.env._("stage %(stage)s", stage=ticket.lifecycle_stage or "–")]
        if ticket.lifecycle_tier:
            customer.append(self.env._("tier %(tier)s", tier=ticket.lifecycle_tier))
        return Markup("<p>%s</p>") % self.env._(
            "Rule “%(rule)s” (customer in %(customer)s): %(effect)s.",
            rule=self.name,
            customer=", ".join(customer),
            effect=", ".join(self._get_effect(ticket)),
        )
